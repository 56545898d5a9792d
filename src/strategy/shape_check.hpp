// Holding a tree of nodes against the tables of keys: unknown keys, values of the wrong kind, keys
// that exclude each other, variables.
#pragma once

#include "node.hpp"
#include "shape.hpp"
#include "strategy/diagnostic.hpp"
#include "variables.hpp"

namespace holdfast::strategy {

// A part is what an environment changes: what is needed may be missing there, and its variables are
// none of today's business.
enum class Completeness { whole, part };

// Fills in the variables of `node` (when whole) and reports every fault. What is wrong is taken out
// of the tree, so that whoever reads it later meets only what is right.
void check_shape(Node& node, const Shape& shape, Completeness completeness,
                 const VariableLookup& lookup, Diagnostics& diagnostics);

}  // namespace holdfast::strategy
