// What carries out each command; the declarations name these. One .cpp a command or family.
#pragma once

#include "base/result.hpp"
#include "exit_code.hpp"

namespace holdfast::cli {

class Invocation;

base::Result<ExitCode> run_init(Invocation& invocation);
base::Result<ExitCode> run_backup(Invocation& invocation);
base::Result<ExitCode> run_copy(Invocation& invocation);
base::Result<ExitCode> run_restore(Invocation& invocation);
base::Result<ExitCode> run_verify(Invocation& invocation);
base::Result<ExitCode> run_snapshot_list(Invocation& invocation);
base::Result<ExitCode> run_snapshot_show(Invocation& invocation);
base::Result<ExitCode> run_snapshot_ls(Invocation& invocation);
base::Result<ExitCode> run_snapshot_mount(Invocation& invocation);
base::Result<ExitCode> run_snapshot_diff(Invocation& invocation);
base::Result<ExitCode> run_snapshot_find(Invocation& invocation);
base::Result<ExitCode> run_snapshot_tag(Invocation& invocation);
base::Result<ExitCode> run_snapshot_hold(Invocation& invocation);
base::Result<ExitCode> run_snapshot_release(Invocation& invocation);
base::Result<ExitCode> run_snapshot_forget(Invocation& invocation);
base::Result<ExitCode> run_drill(Invocation& invocation);
base::Result<ExitCode> run_doctor(Invocation& invocation);
base::Result<ExitCode> run_prune(Invocation& invocation);
base::Result<ExitCode> run_repository_stats(Invocation& invocation);
base::Result<ExitCode> run_repository_protect(Invocation& invocation);
base::Result<ExitCode> run_repository_repair(Invocation& invocation);
base::Result<ExitCode> run_rebuild_index(Invocation& invocation);
base::Result<ExitCode> run_key_generate(Invocation& invocation);
base::Result<ExitCode> run_key_list(Invocation& invocation);
base::Result<ExitCode> run_key_add(Invocation& invocation);
base::Result<ExitCode> run_key_remove(Invocation& invocation);
base::Result<ExitCode> run_key_change_password(Invocation& invocation);
base::Result<ExitCode> run_strategy_check(Invocation& invocation);
base::Result<ExitCode> run_strategy_explain(Invocation& invocation);
base::Result<ExitCode> run_strategy_plan(Invocation& invocation);
base::Result<ExitCode> run_strategy_forecast(Invocation& invocation);
base::Result<ExitCode> run_strategy_schema(Invocation& invocation);
base::Result<ExitCode> run_strategy_render(Invocation& invocation);
base::Result<ExitCode> run_strategy_diff(Invocation& invocation);
base::Result<ExitCode> run_status(Invocation& invocation);
base::Result<ExitCode> run_daemon(Invocation& invocation);
base::Result<ExitCode> run_event(Invocation& invocation);
base::Result<ExitCode> run_runs_list(Invocation& invocation);
base::Result<ExitCode> run_runs_show(Invocation& invocation);
base::Result<ExitCode> run_runs_log(Invocation& invocation);
base::Result<ExitCode> run_runs_cancel(Invocation& invocation);
base::Result<ExitCode> run_runs_rebuild(Invocation& invocation);
base::Result<ExitCode> run_import(Invocation& invocation);
base::Result<ExitCode> run_help(Invocation& invocation);
base::Result<ExitCode> run_completion(Invocation& invocation);
base::Result<ExitCode> run_docs(Invocation& invocation);

}  // namespace holdfast::cli
