#include "engine/commit_watch.hpp"
namespace holdfast::engine {
base::Result<std::string> commit_state(const Workplace&, const strategy::Component&, std::stop_token) { return std::string("x"); }
}
