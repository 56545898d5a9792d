// Declares doctor.
#include "commands/handlers.hpp"
#include "declarations.hpp"

namespace holdfast::cli {

namespace {

Command declare_doctor() {
  return {
      .name = "doctor",
      .summary = "prove what can be proved of a repository's location",
      .description =
          "Tries, with the credentials at hand, what a backup needs, and what nobody who steals "
          "them may be able to do: delete what is locked, shorten or bypass a lock, change the "
          "bucket's default retention. Each check is a line: ok, warning, problem or unknown, and "
          "what to "
          "do about it. Run it with the credentials of the machine that is backed up.\n\n"
          "It needs no passphrase and touches nothing but probes of its own, of 32 bytes; a locked "
          "one stays until its lock ends.\n\n"
          "Without --to, the strategy is examined: its key, each of its locations (with the key, "
          "too), what its components are made of, whether their servers have what the plans need, "
          "the chain of evidence.",
      .groups = {&repository_options(), &strategy_options(), &state_options(), &key_options()},
      .exits = {{ExitCode::done, "all is well"},
                {ExitCode::failed, "there is a problem"},
                {ExitCode::usage, ""},
                {ExitCode::warnings, "no problem was found, and something could be better"},
                {ExitCode::unverified, "no problem was found, and something could not be checked"}},
      .examples = {{"holdfast doctor --to 's3://backups/web?region=eu-central-1&lock=30d'",
                    "Can whoever breaks into this machine delete its backups?"},
                   {"holdfast doctor", "Is everything there that the strategy needs?"}},
      .json =
          {{"location", FieldType::string, "What was examined, with --to.", Presence::sometimes},
           {"checks", FieldType::array, "What was found, with --to.", Presence::sometimes},
           {"checks[].check", FieldType::string, "Which check: a stable word."},
           {"checks[].outcome", FieldType::string, "ok, warning, problem or unknown."},
           {"checks[].message", FieldType::string, "What was seen."},
           {"checks[].advice", FieldType::string, "What to do; may be empty."},
           {"subjects", FieldType::array, "What the strategy stands on, without --to.",
            Presence::sometimes},
           {"subjects[].subject", FieldType::string, "strategy, location NAME or component NAME."},
           {"subjects[].checks", FieldType::array, "As checks."},
           {"subjects[].checks[].check", FieldType::string, "Which check: a stable word."},
           {"subjects[].checks[].outcome", FieldType::string, "ok, warning, problem or unknown."},
           {"subjects[].checks[].message", FieldType::string, "What was seen."},
           {"subjects[].checks[].advice", FieldType::string, "What to do; may be empty."}},
      .run = &run_doctor,
  };
}

}  // namespace

std::vector<const Command*> doctor_commands() {
  static const Command doctor = declare_doctor();
  return {&doctor};
}

}  // namespace holdfast::cli
