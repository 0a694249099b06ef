// Comparisons as JSON, and several of them as one.
#include "tests/support/catch.hpp"
#include "tests/support/text_matchers.hpp"
#include "tests/unit/compare/comparisons.hpp"
#include "tools/compare/documents.hpp"
#include "tools/compare/verdict.hpp"

#include <nlohmann/json.hpp>

#include <functional>
#include <set>

using namespace revecho::compare;
using namespace revecho::testing;
using revecho::test::contains;
using revecho::test::StartsWith;

using json = nlohmann::ordered_json;

namespace {

document full() {
  auto figures = ran("full", {1.5, 2, 1e9});
  for (std::size_t m = 1; m < metrics; ++m)
    figures = with(figures, static_cast<metric>(m), 0.1 + static_cast<double>(m));
  auto d = document_of({under(1, {figures, ran("only rates", {7})}),
      under(
          10, {failed(ran("full", {}), "did not start:\n\"quoted\" <log>\t\u00e9"), ran("only rates", {1, 2})}, 500)});
  d.contestants.back() = {"only rates", "", "[::1]:7000", 1234};
  d.machine.cores = 2;
  d.machine.governor = "performance";
  d.machine.boost = false;
  d.scenarios[0].pipeline = 4;
  d.scenarios[0].session = "exp:20";
  d.scenarios[0].half_close = true;
  d.stories = {{"limit", "A title", "A text", {{"a row", {1, 2.5}}, {"none", {}}}}};
  d.ok = false;
  judge_all(d);
  return d;
}

document read(const json& j) {
  auto d = j.get<document>();
  judge_all(d); // are made, not read
  return d;
}

} // namespace

TEST_CASE("results: name each metric once") {
  std::set<std::string_view> all;
  for (std::size_t m = 0; m < metrics; ++m)
    all.insert(to_string(static_cast<metric>(m)));
  CHECK(all.size() == metrics);
  CHECK(all.count("") == 0);
  CHECK(to_string(metric::rate) == "rate");
  CHECK(to_string(metric::memory_per_connection_bytes) == "memory_per_connection_bytes");
}

TEST_CASE("results: know a median of what is known in every run only") {
  auto r = ran("a", {1, 2, 30});
  r.runs[1][metric::cpu_us] = 5;
  CHECK(r.median(metric::rate) == 2);
  CHECK(r.all(metric::cpu_us) == std::vector<double>{5});
  CHECK_FALSE(r.knows(metric::cpu_us));
  r.runs[0][metric::cpu_us] = 4;
  r.runs[2][metric::cpu_us] = 6;
  CHECK(r.knows(metric::cpu_us));
  CHECK_FALSE(r.knows(metric::threads));
  CHECK(r.median(metric::threads) == 0);
}

TEST_CASE("results: survive being written as JSON and read again") {
  const json written(full());
  CHECK(json(read(json::parse(written.dump()))) == written);
}

TEST_CASE("results: have every metric in JSON, and null for what is not known") {
  const json j(full());
  const auto& r = j["scenarios"][0]["results"];
  for (const auto* where : {"summary", "runs"}) {
    const auto& known = where == std::string("runs") ? r[0]["runs"][0] : r[0]["summary"];
    const auto& unknown = where == std::string("runs") ? r[1]["runs"][0] : r[1]["summary"];
    CHECK(known.size() == metrics);
    CHECK(unknown.size() == metrics);
    CHECK_FALSE(known["cpu_us"].is_null());
    CHECK(unknown["cpu_us"].is_null());
  }
  CHECK(r[0]["failure"].is_null());
  CHECK(j["scenarios"][1]["results"][0]["failure"].is_string());
  CHECK(r[0]["summary"]["rate"]["median"] == 2);
  CHECK(j["contestants"][0].contains("command"));
  CHECK(j["contestants"][1] == json{{"name", "only rates"}, {"endpoint", "[::1]:7000"}, {"pid", 1234}});
}

TEST_CASE("results: are not read from anything else") {
  for (const std::string text : {"{}", "[]", "1", "null", R"({"revecho_compare": 2})", R"({"revecho_stress": 1})"}) {
    CAPTURE(text);
    CHECK_THROWS_WITH(json::parse(text).get<document>(), contains("no document of revecho-compare"));
  }
  for (const auto* missing : {"host", "config", "scenarios", "contestants"}) {
    json j(full());
    j.erase(missing);
    CHECK_THROWS(j.get<document>());
  }
}

TEST_CASE("results: differ in nothing from what was measured alike, by others and at another time") {
  auto other = document_of({under(1, {ran("c", {1})}), under(10, {ran("c", {1})}, 500)});
  auto d = document_of({under(1, {ran("a", {5, 6})}), under(10, {ran("a", {5})}, 500)});
  other.command += " --other";
  other.repeat = 9;
  other.started = "2027-01-01T00:00:00Z";
  other.took_s = 1;
  CHECK(differences(d, d).empty());
  CHECK(differences(d, other).empty());
}

TEST_CASE("results: name each thing in which two comparisons are unlike") {
  using change = std::pair<std::string, std::function<void(document&)>>;
  const std::vector<change> changes{
      {"kernel", [](document& d) { d.machine.kernel = "Linux 2"; }},
      {"CPU", [](document& d) { d.machine.cpu = "another"; }},
      {"number of CPUs", [](document& d) { d.machine.cpus = 5; }},
      {"memory", [](document& d) { d.machine.memory_bytes = 5; }},
      {"frequency governor", [](document& d) { d.machine.governor = "powersave"; }},
      {"boost", [](document& d) { d.machine.boost = true; }},
      {"SMT", [](document& d) { d.machine.smt = true; }},
      {"version", [](document& d) { d.build.version = "2.0"; }},
      {"compiler", [](document& d) { d.build.compiler = "Clang 14"; }},
      {"build type", [](document& d) { d.build.type = "Debug"; }},
      {"--duration", [](document& d) { d.duration_s = 3; }},
      {"CPUs of the server", [](document& d) { d.server_cpus.clear(); }},
      {"CPUs of the tool", [](document& d) { d.tool_cpus = {3}; }},
      {"loads", [](document& d) { d.scenarios.pop_back(); }},
      {"loads", [](document& d) { d.scenarios[0].name += ", 10ms"; }},
      {"loads", [](document& d) { d.scenarios[0].size = "128"; }},
      {"loads", [](document& d) { d.scenarios[0].framing = "line"; }},
      {"loads", [](document& d) { d.scenarios[1].rate += 1; }},
      {"loads", [](document& d) { d.scenarios[0].delay = "10ms"; }},
      {"loads", [](document& d) { d.stories.clear(); }},
      {"command of full", [](document& d) { d.contestants[0].command += " --threads 2"; }},
      {"command of only rates", [](document& d) { d.contestants[1].endpoint = "[::1]:7001"; }},
  };
  for (const auto& [name, make] : changes) {
    const auto d = full();
    auto other = d;
    make(other);
    CAPTURE(name);
    const auto found = differences(d, other);
    REQUIRE(found.size() == 1);
    CHECK_THAT(found[0], StartsWith(name + ": "));
    CHECK(differences(other, d).size() == 1);
  }
}

TEST_CASE("results: are read from older documents, which know little of their machine, and joined with newer ones") {
  const auto d = full();
  json older(d);
  auto& host = older["host"];
  host = {
      {"kernel", host["kernel"]}, {"cpu", host["cpu"]}, {"cpus", host["cpus"]}, {"memory_bytes", host["memory_bytes"]}};
  older.erase("warnings");
  CHECK(differences(older.get<document>(), d).empty());
  auto busy = d;
  busy.machine.load = 7;
  busy.machine.stolen = 0.5;
  CHECK(differences(d, busy).empty());
}

TEST_CASE("results: have each warning about the machine once when they are joined") {
  auto a = document_of({});
  auto b = a;
  a.warnings = {"both", "first"};
  b.warnings = {"second", "both"};
  CHECK(joined(a, b).warnings == std::vector<std::string>{"both", "first", "second"});
}

TEST_CASE("results: name all that is unlike, with both values") {
  auto d = full();
  auto other = d;
  other.build.type = "Debug";
  other.duration_s = 3;
  const auto found = differences(d, other);
  CHECK(found == std::vector<std::string>{"build type: Release and Debug", "--duration: 0.5 s and 3 s"});
}

TEST_CASE("results: join the runs of who is in both, and others side by side") {
  const auto a = document_of({under(1, {ran("both", {1, 2}), ran("first", {3})})});
  auto b = document_of({under(1, {ran("second", {4}), failed(ran("both", {5}), "why")})});
  b.ok = false;
  const auto all = joined(a, b);
  REQUIRE(all.scenarios.size() == 1);
  const auto& results = all.scenarios[0].results;
  REQUIRE(results.size() == 3);
  CHECK(results[0].contestant == "both");
  CHECK(results[0].all(metric::rate) == std::vector<double>{1, 2, 5});
  CHECK(results[0].failure == "why");
  CHECK(results[1].all(metric::rate) == std::vector<double>{3});
  CHECK(results[2].contestant == "second");
  CHECK(results[2].all(metric::rate) == std::vector<double>{4});
  REQUIRE(all.contestants.size() == 3);
  CHECK(all.contestants[2].command == "the program of second");
  CHECK_FALSE(all.ok);
  CHECK(all.took_s == 25);
  CHECK_THAT(all.command, contains(a.command) && contains("\n"));
}

TEST_CASE("results: have as many repetitions joined as the contestants have runs") {
  const auto a = document_of({under(1, {ran("a", {1, 2, 3})})});
  const auto b = document_of({under(1, {ran("b", {1, 2, 3})})});
  CHECK(joined(a, a).repeat == 6);
  CHECK(joined(a, b).repeat == 3);
}

TEST_CASE("results: know the contestants and stories that are in both") {
  const auto d = full();
  CHECK(names_in_both(d, d) == std::vector<std::string>{"full", "only rates", "limit"});
  CHECK(names_in_both(d, document_of({under(1, {ran("other", {1}), ran("full", {1})})})) ==
        std::vector<std::string>{"full"});
}

TEST_CASE("results: join the rows of stories") {
  const auto d = full();
  const auto all = joined(d, d);
  REQUIRE(all.stories.size() == 1);
  CHECK(all.stories[0].rows[0].seconds == std::vector<double>{1, 2.5, 1, 2.5});
  CHECK(all.stories[0].rows[1].seconds.empty());
}
