// revecho-compare --join: results of several calls as one, if they can be compared.
#include "tests/support/catch.hpp"
#include "tests/support/comparing.hpp"
#include "tests/support/text_matchers.hpp"

#include <filesystem>
#include <fstream>

using namespace revecho::test;

using words = std::vector<std::string>;

namespace {

const temporary_folder& folder() {
  static const temporary_folder made;
  return made;
}

// Measures, and names the file with the results.
std::string measured(const std::string& name, const words& more) {
  const auto file = folder().path() + "/" + name;
  words all{"--models", "async", "--clients", "2", "--delay", "0", "--repeat", "1", "--json", file};
  all.insert(all.end(), more.begin(), more.end());
  const auto end = compare(all);
  INFO(end.errors);
  REQUIRE(end.exit_code == 0);
  return file;
}

} // namespace

TEST_CASE("compare: merges equal calls, with all their runs") {
  const auto a = measured("a", {"--duration", "200ms"});
  const auto b = measured("b", {"--duration", "200ms"});
  const auto end = compare({"--join", a, b, "--merge", "--json", "-"});
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
  CHECK(end.errors.empty());
  const auto document = document_of(end);
  CHECK(document["config"]["repeat"] == 2);
  CHECK(document["contestants"].size() == 1);
  CHECK(result_of(scenario_of(end), "async(1)")["runs"].size() == 2);
  const auto shown = compare({"--join", a, b, "--merge"});
  CHECK(shown.exit_code == 0);
  CHECK_THAT(shown.output, contains("async(1)") && contains("Medians of 2 runs"));
}

TEST_CASE("compare: refuses to join equal names without --merge, and says what to do") {
  const auto a = measured("a", {"--duration", "200ms"});
  const auto b = measured("b", {"--duration", "200ms"});
  const auto end = compare({"--join", a, b});
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 2);
  CHECK(end.output.empty());
  CHECK_THAT(end.errors, contains("--join: async(1) is in " + b) && contains("add --merge") && contains("two names"));
  CHECK(compare({"--join", a}).exit_code == 0);
}

TEST_CASE("compare: joins other contestants under equal loads") {
  const auto a = measured("a", {"--duration", "200ms"});
  const auto b = measured("b", {"--duration", "200ms"});
  auto other = nlohmann::json::parse(std::ifstream(b));
  other["contestants"][0]["name"] = other["scenarios"][0]["results"][0]["contestant"] = "another";
  std::ofstream(b) << other;
  const auto report = folder().path() + "/page.html";
  const auto end = compare({"--join", a, b, "--report", report});
  CAPTURE(end.output, end.errors);
  CHECK(end.exit_code == 0);
  CHECK_THAT(unwrapped(end.output), contains("async(1)") && contains("another") && contains("Medians of 1 run"));
  CHECK(std::filesystem::file_size(report) > 1000);
}

TEST_CASE("compare: refuses to join unlike calls, names what differs, and writes nothing") {
  const auto a = measured("a", {"--duration", "200ms"});
  const auto b = measured("b", {"--duration", "60ms", "--size", "100"});
  const auto out = folder().path() + "/joined";
  const auto end = compare({"--join", a, b, "--json", out});
  CAPTURE(end.errors);
  CHECK(end.exit_code == 2);
  CHECK(end.output.empty());
  CHECK_THAT(end.errors, contains(a) && contains(b) && contains("--duration: 0.2 s and 0.06 s") && contains("loads: "));
  CHECK_FALSE(std::filesystem::exists(out));
}

TEST_CASE("compare: refuses to count the runs of one file twice, whatever its names") {
  const auto a = measured("a", {"--duration", "200ms"});
  const auto b = measured("b", {"--duration", "200ms"});
  const auto link = folder().path() + "/link";
  std::filesystem::remove(link);
  std::filesystem::create_symlink("a", link);
  const std::string again = GENERATE_COPY(as<std::string>{}, a, folder().path() + "/./a", link);
  const auto end = compare({"--join", a, b, again});
  CAPTURE(again, end.output, end.errors);
  CHECK(end.exit_code == 2);
  CHECK(end.output.empty());
  CHECK_THAT(end.errors, contains("--join: " + again + " ") && contains(a) && !contains(b));
}

TEST_CASE("compare: names a file that it cannot join") {
  const auto a = measured("a", {"--duration", "200ms"});
  const auto bad = folder().path() + "/bad";
  std::ofstream(bad) << GENERATE("", "{", "{}", "[1]", "{\"revecho_compare\": 1}", "{\"revecho_compare\": \"1\"}");
  for (const words& files : {words{a, bad}, words{bad}, words{a, "/nonexistent/file"}}) {
    words all{"--join"};
    all.insert(all.end(), files.begin(), files.end());
    const auto end = compare(all);
    CAPTURE(end.errors);
    CHECK(end.exit_code == 1);
    CHECK(end.output.empty());
    CHECK_THAT(end.errors, contains(files.back()));
  }
}
