// The reference page of the strategy, from the tables of keys.
#include <fmt/format.h>

#include <algorithm>

#include "keys.hpp"
#include "shape.hpp"
#include "strategy/schema.hpp"

namespace holdfast::strategy {

namespace {

std::string anchor(const Record& record) {
  auto name = record.name;
  std::replace(name.begin(), name.end(), ' ', '-');
  std::erase(name, '.');
  return name;
}

std::string shape_text(const Shape& shape) {
  switch (shape.form) {
    case Form::choice: {
      std::string all;
      for (const auto& each : shape.choices) {
        all += (all.empty() ? "`" : ", `") + each + "`";
      }
      return all;
    }
    case Form::list: return "list of " + shape_text(shape.parts.front());
    case Form::map: return "names, each with " + shape_text(shape.parts.front());
    case Form::record: {
      const auto& record = shape.record();
      return fmt::format("[{}](#{})", record.name, anchor(record));
    }
    case Form::any_of: {
      std::string all;
      for (const auto& part : shape.parts) all += (all.empty() ? "" : " or ") + shape_text(part);
      return all;
    }
    default: return std::string(scalar_form(shape.form).name);
  }
}

std::string in_table(std::string text) {
  std::string safe;
  for (const char c : text) safe += c == '|' ? std::string("\\|") : std::string(1, c);
  return safe;
}

std::string section(const Record& record) {
  auto text = fmt::format("## {}\n\n{}\n\n", record.name, record.text);
  if (&record == &environment_record()) return text;
  text += "| key | value | |\n|---|---|---|\n";
  for (const auto& key : record.keys) {
    text += fmt::format("| `{}` | {} | {}{} |\n", key.name, in_table(shape_text(key.shape)),
                        in_table(key.text), key.need == Need::required ? " Required." : "");
  }
  for (const auto& group : record.groups) {
    text += fmt::format("\n{} of `{}` ({}).\n",
                        group.count == KeyGroup::Count::exactly_one ? "Exactly one" : "At most one",
                        fmt::join(group.keys, "`, `"), group.what);
  }
  return text + "\n";
}

constexpr std::string_view opening =
    R"(# The strategy file

<!-- Rendered from the tables of keys in src/strategy; a test compares. To change it, change them. -->

`holdfast.yaml` says what is backed up, when, to where, and how long it is kept. `examples/shop.yaml` shows every part of it
once; `holdfast strategy check` tells everything that is wrong with a file at once, and `holdfast strategy schema` prints a JSON
Schema for editors.

- **Variables**: `${NAME}`, `${NAME:-default}`, `${NAME:+value}` and `${NAME:?message}` are filled in after the file was read,
  in values, before their type is looked at. `$$` is a dollar. `HOLDFAST_ENVIRONMENT` is the environment that was chosen. In
  secrets nothing is filled in. Quote them: an unquoted `{` begins a map.
- **`"on"`** is quoted in the examples: readers of YAML 1.1 take a bare `on` for true. This program takes both.
- **Durations** are numbers with units: `ms`, `s`, `m`, `h`, `d`, `w`, also together: `1h30m`. Months and years have no fixed length:
  count days. **Sizes**: `500GB` (powers of ten), `64MiB` (powers of two).
- **Names** are made of letters, digits, `-`, `_` and `.`.
- **A fact is written once.** Keys that stand twice, in one file or in two, are errors; so is a key that repeats what an address says.
- **Environments** are laid over the rest: maps are joined, everything else is replaced; `keep`, `to` and lists as a whole. A plan's
  `at` in an environment replaces its `every`, and so on.
- **What is kept at a location** is what `to` says of it, else the plan's `keep`, else the location's `keep`, else `defaults: keep`.
- **Time**: fixed times follow the wall clock of `timezone`. A time that daylight saving skips runs at the change; one that comes twice
  runs once. Intervals count elapsed time from each local midnight; a run that would come less than half an interval before midnight is
  left out. Runs that were missed are caught up once.

)";

}  // namespace

std::string strategy_reference() {
  std::string text(opening);
  for (const auto* record : all_records()) text += section(*record);
  while (text.ends_with("\n\n")) text.pop_back();
  return text;
}

}  // namespace holdfast::strategy
