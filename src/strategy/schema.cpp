// JSON Schema from the tables of keys. The only file of this layer that sees nlohmann-json.
#include "strategy/schema.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "keys.hpp"
#include "shape.hpp"

namespace holdfast::strategy {

namespace {

using Json = nlohmann::ordered_json;

// An environment says only what is different: nothing is required there.
enum class Flavour { whole, part };

constexpr std::string_view variable_pattern = "\\$\\{";
constexpr std::string_view name_pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$";

class SchemaWriter {
 public:
  Json write() {
    Json root = record(strategy_record(), Flavour::whole);
    Json whole{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
               {"title", "holdfast.yaml"}};
    whole.update(root);
    // Records name others: until nothing new is named.
    Json definitions = Json::object();
    while (!wanted_.empty()) {
      const auto [name, flavour, made] = wanted_.back();
      wanted_.pop_back();
      definitions[name] = record(*made, flavour);
    }
    whole["$defs"] = definitions;
    return whole;
  }

 private:
  struct Wanted {
    std::string name;
    Flavour flavour;
    const Record* record;
  };

  Json reference(const Record& record_, Flavour flavour) {
    auto name = record_.name;
    for (auto& c : name) {
      if (c == ' ' || c == '.') c = '-';
    }
    if (flavour == Flavour::part) name += "-part";
    if (named_.insert(name).second) wanted_.push_back({name, flavour, &record_});
    return {{"$ref", "#/$defs/" + name}};
  }

  static Json scalar_of(const Shape& shape) {
    if (shape.form == Form::secret) {
      return {{"type", "string"}, {"pattern", scalar_form(shape.form).pattern}};
    }
    if (shape.form == Form::choice) {
      Json choices = Json::array();
      for (const auto& each : shape.choices) choices.push_back(each);
      return {{"anyOf", {{{"enum", choices}}, variable()}}};
    }
    if (shape.form == Form::flag) return {{"anyOf", {{{"type", "boolean"}}, variable()}}};
    if (shape.form == Form::integer) {
      return {{"anyOf",
               {{{"type", "integer"}, {"minimum", 0}},
                {{"type", "string"}, {"pattern", scalar_form(shape.form).pattern}},
                variable()}}};
    }
    const auto& form = scalar_form(shape.form);
    if (form.pattern == "^") return {{"type", {"string", "number", "boolean"}}};
    Json types = {"string"};
    // A size may be a bare number of bytes.
    if (shape.form == Form::size || shape.form == Form::mode) types = {"string", "integer"};
    return {{"anyOf", {{{"type", types}, {"pattern", form.pattern}}, variable()}},
            {"description", std::string(form.name)}};
  }

  static Json variable() { return {{"type", "string"}, {"pattern", variable_pattern}}; }

  Json value(const Shape& shape, Flavour flavour) {
    switch (shape.form) {
      case Form::list: return {{"type", "array"}, {"items", value(shape.parts.front(), flavour)}};
      case Form::map:
        return {{"type", "object"},
                {"propertyNames", {{"pattern", name_pattern}}},
                {"additionalProperties", value(shape.parts.front(), flavour)}};
      case Form::record: return reference(shape.record(), flavour);
      case Form::any_of: {
        Json parts = Json::array();
        for (const auto& part : shape.parts) parts.push_back(value(part, flavour));
        return {{"anyOf", parts}};
      }
      default: return scalar_of(shape);
    }
  }

  Json record(const Record& record_, Flavour flavour) {
    const bool overlay = &record_ == &environment_record();
    const auto inner = overlay ? Flavour::part : flavour;
    Json properties = Json::object();
    Json required = Json::array();
    for (const auto& key : record_.keys) {
      Json schema = value(key.shape, inner);
      schema["description"] = key.text;
      properties[key.name] = schema;
      if (key.need == Need::required && inner == Flavour::whole) required.push_back(key.name);
    }
    Json made{{"type", "object"},
              {"description", record_.text},
              {"properties", properties},
              {"additionalProperties", false}};
    if (!required.empty()) made["required"] = required;
    Json rules = Json::array();
    for (const auto& group : record_.groups) rules.push_back(rule(group, inner));
    if (!rules.empty()) made["allOf"] = rules;
    return made;
  }

  static Json rule(const KeyGroup& group, Flavour flavour) {
    Json one = Json::array();
    Json any = Json::array();
    for (const auto& key : group.keys) {
      one.push_back({{"required", Json::array({key})}});
      any.push_back({{"required", Json::array({key})}});
    }
    if (flavour == Flavour::part || group.count == KeyGroup::Count::at_most_one) {
      one.push_back({{"not", {{"anyOf", any}}}});
    }
    return {{"oneOf", one}};
  }

  std::vector<Wanted> wanted_;
  std::set<std::string> named_;
};

}  // namespace

std::string json_schema() { return SchemaWriter().write().dump(2) + "\n"; }

}  // namespace holdfast::strategy
