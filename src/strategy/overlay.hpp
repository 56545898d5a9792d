// Laying trees over one another: an environment over the strategy, and files that are included
// beside the one that names them.
#pragma once

#include "node.hpp"
#include "shape.hpp"
#include "strategy/diagnostic.hpp"

namespace holdfast::strategy {

// What `over` says holds; keys of a group that it gives replace the group's others.
void lay_over(Node& base, const Node& over, const Shape& shape);

// The members of both; a value that stands in both is an error.
void unite(Node& base, Node other, const std::vector<std::string>& files, Diagnostics& diagnostics);

}  // namespace holdfast::strategy
