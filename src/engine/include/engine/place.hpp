// Places: the locations of a strategy as repositories: their URLs, making them, opening them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/location.hpp"
#include "engine/workplace.hpp"
#include "storage/examination.hpp"

namespace holdfast::engine {

// The address with what the strategy says beside it (region, endpoint, storage class, …) in its
// query. invalid_argument for what no storage understands.
base::Result<std::string> url_of(const strategy::Strategy& strategy,
                                 const strategy::Location& location);

// Opens the repository of a location with the strategy's key. not_found: there is none, or the disk
// isn't mounted; nothing is ever made here.
base::Result<std::unique_ptr<Location>> open_place(const Workplace& workplace,
                                                   const strategy::Location& location);

// What can be proved of a location without its key: as examine() of a URL. An error only for an
// address that makes no sense, or credentials that aren't there.
base::Result<std::vector<storage::Check>> examine_place(const Workplace& workplace,
                                                        const strategy::Location& location);

struct MadePlace {
  std::string location;
  std::string url;
  enum class Outcome { made, was_there, failed } outcome = Outcome::made;
  std::optional<base::Error> error;  // of failed
};
// Makes the repositories of a strategy that aren't there yet, with one domain, so that copies
// between them travel as ciphertext.
base::Result<std::vector<MadePlace>> make_places(const Workplace& workplace);

}  // namespace holdfast::engine
