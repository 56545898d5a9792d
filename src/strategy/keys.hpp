// The tables of keys: one function a record, one file a group. What stands here is what the parser
// takes, what the schema allows and what the reference says.
#pragma once

#include "shape.hpp"

namespace holdfast::strategy {

const Record& environment_record();
const Record& encryption_record();
const Record& budget_record();
const Record& limits_record();
const Record& defaults_record();
const Record& requirement_record();
const Record& render_record();
const Record& kubernetes_names_record();

const Record& location_record();

const Record& component_record();
const Record& objectives_record();
const Record& hooks_record();
const Record& service_record();
const Record& postgres_record();
const Record& redis_record();
const Record& mongodb_record();
const Record& clickhouse_record();
const Record& files_record();
const Record& command_record();
const Record& git_record();
const Record& bucket_record();
const Record& docker_record();
const Record& kubernetes_record();
const Record& vault_record();

const Record& plan_record();
const Record& keep_record();
const Record& bucket_rule_record();
const Record& export_record();
const Record& verify_record();

const Record& drill_record();
const Record& expect_record();
const Record& target_record();
const Record& scenario_record();
const Record& step_record();

const Record& alerts_record();
const Record& alert_record();

// Shapes that several records share.
[[nodiscard]] Shape keep_shape();
[[nodiscard]] Shape text_shape();
[[nodiscard]] Shape name_shape();

}  // namespace holdfast::strategy
