// A catalog in a directory of its own.
#pragma once

#include <memory>

#include "catalog/catalog.hpp"
#include "support/temporary_directory.hpp"

namespace holdfast::catalog {

struct TestCatalog {
  TestCatalog() { reopen(); }
  void reopen() {
    catalog.reset();
    catalog = Catalog::open(directory.path() + "/state").value();
  }
  Catalog* operator->() { return catalog.get(); }

  TemporaryDirectory directory;
  std::unique_ptr<Catalog> catalog;
  base::SeededRandom random{7};
  base::Time now{1'800'000'000 * base::nanoseconds_per_second};
};

}  // namespace holdfast::catalog
