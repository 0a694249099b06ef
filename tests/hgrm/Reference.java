// HdrHistogram's view of latencies: reads nanoseconds, one a line; writes figures in nanoseconds, an empty line,
// and its percentile distribution in milliseconds with three significant digits, then that with two.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

class Reference {
  public static void main(String[] arguments) throws Exception {
    Histogram three = new Histogram(TimeUnit.HOURS.toNanos(1), 3);
    Histogram two = new Histogram(TimeUnit.HOURS.toNanos(1), 2);
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      long nanoseconds = Long.parseLong(line);
      three.recordValue(nanoseconds);
      two.recordValue(nanoseconds);
    }
    for (String percent : new String[] {"50", "90", "99", "99.9", "99.99"})
      System.out.println("p" + percent + " " + three.getValueAtPercentile(Double.parseDouble(percent)));
    System.out.println("max " + three.getMaxValue());
    System.out.printf(Locale.ROOT, "mean %.3f%ndeviation %.3f%n%n", three.getMean(), three.getStdDeviation());
    three.outputPercentileDistribution(System.out, 5, 1e6);
    two.outputPercentileDistribution(System.out, 5, 1e6);
  }
}
