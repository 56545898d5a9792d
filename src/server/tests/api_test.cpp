// Every endpoint, asked over a real socket: what it answers, to whom, and what it refuses.
#include "server/api.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "api_json.hpp"
#include "error_answer.hpp"
#include "server_fixture.hpp"

namespace holdfast::server {

namespace {

using base::Error;
using base::ErrorCode;
using Json = nlohmann::json;

constexpr base::Time noon{1'800'000'000 * base::nanoseconds_per_second};

catalog::RunRecord some_run() {
  catalog::RunRecord run;
  run.id = "20270115-080000-4f2a";
  run.start.component = "files";
  run.start.plan = "daily";
  run.start.started = noon;
  run.end.state = catalog::RunState::warnings;
  run.end.ended = noon + base::seconds(90);
  run.end.size = 17;
  run.end.message = "name \xff that is no text";
  return run;
}

catalog::FindingRecord some_finding() {
  catalog::FindingRecord finding;
  finding.number = 3;
  finding.kind = "failed";
  finding.severity = "critical";
  finding.opened = noon;
  return finding;
}

engine::StrategyStatus some_status() {
  engine::PlaceStatus place;
  place.location = "ssd";
  place.state = engine::PlaceStatus::State::late;
  place.snapshots = 4;
  place.newest = noon;
  place.age = base::hours(2);
  place.expected = base::hours(1);
  place.proved = "sound";
  place.proved_at = noon;
  engine::ComponentStatus component;
  component.name = "files";
  component.kind = "files";
  component.rpo = base::hours(1);
  component.objective = engine::ComponentStatus::Objective::missed;
  component.places = {place, {}};
  component.last_run = some_run();
  component.next_run = noon + base::hours(1);
  component.next_plan = "daily";
  engine::StrategyStatus status;
  status.at = noon;
  status.components = {component, {}};
  status.findings = {some_finding()};
  status.waiting_copies = 2;
  return status;
}

class ApiTest : public testing::Test {
 protected:
  ApiTest() {
    Api api;
    api.alive = [this] { return alive; };
    api.ready = [this] { return ready; };
    api.metrics = []() -> base::Result<std::string> { return std::string("a 1\n"); };
    api.status = []() -> base::Result<StatusAnswer> {
      return StatusAnswer{"shop", "production", some_status()};
    };
    api.runs =
        [this](const catalog::RunFilter& asked) -> base::Result<std::vector<catalog::RunRecord>> {
      filter = asked;
      return std::vector<catalog::RunRecord>(run_count, some_run());
    };
    api.run = [](const std::string& id) -> base::Result<RunAnswer> {
      if (id != "latest") {
        return Error(ErrorCode::not_found, "there is no run '" + id + "'").with_hint("look");
      }
      return RunAnswer{some_run(), {catalog::CopyRecord{}}, {{noon, "a line"}}};
    };
    api.findings =
        [this](const FindingQuery& asked) -> base::Result<std::vector<catalog::FindingRecord>> {
      which = asked.which;
      return std::vector<catalog::FindingRecord>(5, some_finding());
    };
    api.wake = [this]() -> base::Result<void> {
      ++wakes;
      return {};
    };
    api.event = [this](const catalog::HappeningRecord& told) -> base::Result<std::int64_t> {
      event = told;
      return 42;
    };
    api.cancel = [](const std::string& id) -> base::Result<catalog::RunRecord> {
      if (id == "ended") return Error(ErrorCode::conflict, "run ended has ended");
      return some_run();
    };
    ServerOptions options;
    options.listen = "127.0.0.1:0";
    options.token = secret(test_token);
    server = HttpServer::start(std::move(options), routes_of(std::move(api)), executor).value();
  }

  Response get(const std::string& path, std::map<std::string, std::string> query = {}) {
    return ask(server->address(), {.path = path, .query = std::move(query)}, {.token = &token})
        .value();
  }
  Response post(const std::string& path, const std::string& body = {}) {
    return ask(server->address(), {.method = "POST", .path = path, .body = body}, {.token = &token})
        .value();
  }
  int without_token(const std::string& method, const std::string& path) {
    return ask(server->address(), {.method = method, .path = path}).value().status;
  }

  base::Result<void> alive;
  base::Result<void> ready;
  std::size_t run_count = 2;
  catalog::RunFilter filter;
  FindingQuery::Which which = FindingQuery::Which::open;
  int wakes = 0;
  catalog::HappeningRecord event;
  const base::SecretBytes token = secret(test_token);
  io::ThreadExecutor executor;
  std::unique_ptr<HttpServer> server;
};

TEST_F(ApiTest, Probes) {
  EXPECT_EQ(get("/healthz").status, 200);
  EXPECT_EQ(get("/healthz").body, R"({"alive":true})");
  EXPECT_EQ(get("/readyz").body, R"({"ready":true})");
  alive = Error(ErrorCode::internal, "the scheduler has not moved for 3m");
  ready = Error(ErrorCode::invalid_argument, "the strategy has errors");
  const auto sick = get("/healthz");
  EXPECT_EQ(sick.status, 503);
  EXPECT_EQ(Json::parse(sick.body)["error"]["message"], "the scheduler has not moved for 3m");
  EXPECT_EQ(get("/readyz").status, 503);
}

TEST_F(ApiTest, WhoMay) {
  for (const auto* path : {"/healthz", "/readyz", "/metrics"}) {
    EXPECT_EQ(without_token("GET", path), 200) << path;
  }
  for (const auto* path :
       {"/api/v1/status", "/api/v1/runs", "/api/v1/runs/latest", "/api/v1/findings"}) {
    EXPECT_EQ(without_token("GET", path), 401) << path;
  }
  for (const auto* path : {"/api/v1/events", "/api/v1/wake", "/api/v1/runs/latest/cancel"}) {
    EXPECT_EQ(without_token("POST", path), 401) << path;
    EXPECT_EQ(get(path).status, 405) << path;
  }
  EXPECT_EQ(wakes, 0);
}

TEST_F(ApiTest, Metrics) {
  const auto answer = get("/metrics");
  EXPECT_EQ(answer.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(answer.body, "a 1\n");
}

TEST_F(ApiTest, Status) {
  const auto json = Json::parse(get("/api/v1/status").body);
  EXPECT_EQ(json["strategy"], "shop");
  EXPECT_EQ(json["environment"], "production");
  EXPECT_EQ(json["at"], "2027-01-15T08:00:00Z");
  EXPECT_EQ(json["waiting_copies"], 2);
  const auto& component = json["components"][0];
  EXPECT_EQ(component["objective"], "missed");
  EXPECT_EQ(component["rpo_seconds"], 3600.0);
  EXPECT_FALSE(component.contains("rto_seconds"));
  EXPECT_EQ(component["places"][0]["state"], "late");
  EXPECT_EQ(component["places"][0]["age_seconds"], 7200.0);
  EXPECT_EQ(component["places"][1]["state"], "unknown");
  EXPECT_FALSE(component["places"][1].contains("newest"));
  EXPECT_EQ(component["last_run"]["state"], "warnings");
  EXPECT_EQ(component["next_plan"], "daily");
  EXPECT_EQ(json["components"][1]["places"], Json::array());
  EXPECT_EQ(json["findings"][0]["kind"], "failed");
  EXPECT_EQ(get("/api/v1/status", {{"x", "1"}}).status, 400);
}

TEST_F(ApiTest, Runs) {
  auto json = Json::parse(get("/api/v1/runs", {{"component", "files"},
                                               {"plan", "daily"},
                                               {"kind", "copy"},
                                               {"state", "failed"},
                                               {"limit", "7"}})
                              .body);
  EXPECT_EQ(filter.component, "files");
  EXPECT_EQ(filter.plan, "daily");
  EXPECT_EQ(filter.kind, catalog::RunKind::copy);
  EXPECT_EQ(filter.state, catalog::RunState::failed);
  EXPECT_EQ(filter.limit, 7U);
  EXPECT_EQ(json["runs"].size(), 2U);
  EXPECT_EQ(json["runs"][0]["run"], "20270115-080000-4f2a");
  EXPECT_EQ(json["runs"][0]["duration_seconds"], 90.0);
  EXPECT_FALSE(json["runs"][0].contains("slot"));
  run_count = 0;
  json = Json::parse(get("/api/v1/runs").body);
  EXPECT_EQ(json["runs"], Json::array());
  EXPECT_EQ(filter.limit, 50U);
  EXPECT_FALSE(filter.kind.has_value());
}

TEST_F(ApiTest, RunsRefuseWhatTheyDoNotKnow) {
  using Query = std::map<std::string, std::string>;
  for (const auto& query : {Query{{"sate", "failed"}}, Query{{"state", "lost"}},
                            Query{{"kind", "walk"}}, Query{{"limit", "0"}}, Query{{"limit", "x"}},
                            Query{{"limit", "1001"}}, Query{{"limit", "-1"}}}) {
    const auto answer = get("/api/v1/runs", query);
    EXPECT_EQ(answer.status, 400) << query.begin()->first;
    EXPECT_EQ(Json::parse(answer.body)["error"]["code"], "invalid_argument");
  }
}

TEST_F(ApiTest, ARun) {
  const auto json = Json::parse(get("/api/v1/runs/latest").body);
  EXPECT_EQ(json["component"], "files");
  EXPECT_EQ(json["copies"].size(), 1U);
  EXPECT_EQ(json["lines"][0]["text"], "a line");
  const auto absent = get("/api/v1/runs/x");
  EXPECT_EQ(absent.status, 404);
  const auto error = Json::parse(absent.body)["error"];
  EXPECT_EQ(error["code"], "not_found");
  EXPECT_EQ(error["message"], "there is no run 'x'");
  EXPECT_EQ(error["hint"], "look");
  EXPECT_EQ(error["context"], Json::array());
}

TEST_F(ApiTest, Findings) {
  auto json = Json::parse(get("/api/v1/findings", {{"limit", "3"}}).body);
  EXPECT_EQ(json["findings"].size(), 3U);
  EXPECT_FALSE(json["findings"][0].contains("closed"));
  EXPECT_EQ(which, FindingQuery::Which::open);
  EXPECT_EQ(get("/api/v1/findings", {{"state", "all"}}).status, 200);
  EXPECT_EQ(which, FindingQuery::Which::all);
  EXPECT_EQ(get("/api/v1/findings", {{"state", "closed"}}).status, 400);
}

TEST_F(ApiTest, Events) {
  const auto answer =
      post("/api/v1/events", R"({"event": "deployed", "id": "v1", "tags": {"service": "shop"}})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"number":42,"event":"deployed"})");
  EXPECT_EQ(event.event, "deployed");
  EXPECT_EQ(event.id, "v1");
  EXPECT_EQ(event.tags, (std::map<std::string, std::string>{{"service", "shop"}}));
}

TEST_F(ApiTest, EventsRefuseWhatTheyDoNotKnow) {
  const std::string deep(2000, '[');
  for (const std::string& body :
       {std::string(), std::string("x"), std::string("[]"), std::string("null"), std::string("{}"),
        std::string(R"({"event": ""})"), std::string(R"({"event": 1})"),
        std::string(R"({"event": "a", "id": null})"), std::string(R"({"event": "a", "tags": []})"),
        std::string(R"({"event": "a", "tags": {"k": 1}})"),
        std::string(R"({"event": "a", "tags": {"": "v"}})"),
        std::string(R"({"event": "a", "event": "b"})"), std::string(R"({"event": "a", "more": 1})"),
        std::string(R"({"event": "a\u0000b"})"), std::string(R"({"event": "a\n"})"),
        std::string("{\"event\": \"a\xff\"}"), R"({"event": ")" + std::string(300, 'a') + "\"}",
        R"({"event": "a", "tags": )" + deep, deep}) {
    const auto answer = post("/api/v1/events", body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(Json::parse(answer.body)["error"]["code"], "invalid_argument") << body;
  }
  EXPECT_EQ(event.event, "");
}

TEST_F(ApiTest, Orders) {
  EXPECT_EQ(post("/api/v1/wake").body, R"({"awake":true})");
  EXPECT_EQ(wakes, 1);
  EXPECT_EQ(post("/api/v1/runs/2027/cancel").body, R"({"run":"20270115-080000-4f2a"})");
  EXPECT_EQ(post("/api/v1/runs/ended/cancel").status, 409);
}

TEST_F(ApiTest, WhatIsNotGivenIsNotThere) {
  EXPECT_TRUE(routes_of({}).empty());
  Api api;
  api.wake = []() -> base::Result<void> { return {}; };
  EXPECT_EQ(routes_of(std::move(api)).size(), 1U);
}

TEST(ErrorAnswer, EveryCodeHasAStatus) {
  using enum ErrorCode;
  for (const auto code :
       {invalid_argument, not_found, already_exists, unavailable, permission_denied, no_space,
        damaged, wrong_key, unsupported, conflict, cancelled, io, internal}) {
    const auto answer = error_answer(Error(code, "what").with_context("where").with_hint("do"));
    EXPECT_GE(answer.status, 400);
    const auto json = Json::parse(answer.body);
    EXPECT_EQ(json["error"]["code"], base::error_code_name(code));
    EXPECT_EQ(json["error"]["context"][0], "where");
  }
}

}  // namespace

}  // namespace holdfast::server
