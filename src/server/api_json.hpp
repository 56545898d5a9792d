// The API's values as JSON text. nlohmann's library stays behind api_json.cpp.
#pragma once

#include <string>
#include <vector>

#include "server/api.hpp"

namespace holdfast::server {

// An array is never null; a member that isn't known is left out.
[[nodiscard]] std::string status_json(const StatusAnswer& answer);
[[nodiscard]] std::string runs_json(const std::vector<catalog::RunRecord>& runs);
[[nodiscard]] std::string run_json(const RunAnswer& answer);
[[nodiscard]] std::string cancelled_json(const catalog::RunRecord& run);
[[nodiscard]] std::string findings_json(const std::vector<catalog::FindingRecord>& findings);
[[nodiscard]] std::string event_json(const std::string& event, std::int64_t number);
// {"name": true}
[[nodiscard]] std::string done_json(const std::string& name);
[[nodiscard]] std::string error_json(const base::Error& error);

// {"event": NAME, "id": ID, "tags": {K: V}}; id and tags may be absent. invalid_argument, naming
// what is wrong with it.
base::Result<catalog::HappeningRecord> parse_event(const std::string& body);

}  // namespace holdfast::server
