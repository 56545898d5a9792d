// Capture of a component of any kind that is built: one snapshot in one repository.
#pragma once

#include <stop_token>

#include "engine/backup.hpp"
#include "engine/workplace.hpp"

namespace holdfast::engine {

struct CaptureRequest {
  const strategy::Component& component;
  strategy::PlanType type = strategy::PlanType::unspecified;
  repository::Tags tags;      // ascending by key
  std::string content = {};   // of logical plans: "schema", "data"; empty: all
  std::string run = {};       // whose log gets what programs say; empty: none
  base::Duration stall = {};  // a program that says nothing for so long is ended; 0: the default
};

// unsupported: the kind isn't built yet.
base::Result<BackupReport> capture_component(const Workplace& workplace,
                                             const CaptureRequest& request,
                                             repository::Repository& repository,
                                             const ProgressCall& progress, std::stop_token stop);

}  // namespace holdfast::engine
