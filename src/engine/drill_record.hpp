// The record of a drill: its report as the body of a piece of evidence, and back.
#pragma once

#include <string>

#include "engine/drill.hpp"

namespace holdfast::engine {

inline constexpr const char* drill_evidence_kind = "drill";

// A JSON object; durations in nanoseconds.
[[nodiscard]] std::string encode_drill(const DrillReport& report);
// damaged if it isn't what encode_drill writes. Fields that are missing keep their defaults.
base::Result<DrillReport> decode_drill(const std::string& body);

// From what is known of its parts: failed before unknown before passed. A drill that restored
// nothing is unknown.
[[nodiscard]] DrillOutcome outcome_of_parts(const DrillReport& report);
// Outcome, and what of the run's end follows from it: state, message, size.
void judge_drill(DrillReport& report);

// Into the ledger of verifications: restorable is what a passed drill restored; what could not be
// restored has failed at that level.
base::Result<void> record_proofs(const Workplace& workplace, const DrillReport& report);

}  // namespace holdfast::engine
