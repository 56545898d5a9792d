// The name of a database's dump in a snapshot, whatever the database is called.
#pragma once

#include <string>
#include <string_view>

namespace holdfast::source {

// "shop" -> "shop.dump". '/', '%', control bytes and a '.' at the beginning become %XX.
[[nodiscard]] std::string postgres_dump_name(std::string_view database);

}  // namespace holdfast::source
