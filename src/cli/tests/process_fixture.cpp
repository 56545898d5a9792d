// Streams of memory around run().
#include "process_fixture.hpp"

#include <sstream>

namespace holdfast::cli {

Ran run_with(std::vector<std::string> arguments, std::string_view passphrase) {
  std::ostringstream out;
  std::ostringstream err;
  Secrets secrets;
  if (!passphrase.empty()) secrets.key = base::SecretBytes(base::as_bytes(passphrase));
  const int status = run(
      {.arguments = std::move(arguments), .out = out, .err = err, .secrets = std::move(secrets)});
  return {.status = status, .out = out.str(), .err = err.str()};
}

}  // namespace holdfast::cli
