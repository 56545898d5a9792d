// The walk over nodes and shapes.
#include "shape_check.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "address.hpp"
#include "base/bytes.hpp"
#include "words.hpp"

namespace holdfast::strategy {

namespace {

constexpr std::size_t name_size_max = 100;

std::string_view kind_name(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::null: return "nothing";
    case Node::Kind::scalar: return "a single value";
    case Node::Kind::list: return "a list";
    case Node::Kind::map: return "a map";
  }
  return "nothing";
}

bool fits(const Shape& shape, Node::Kind kind) {
  if (kind == Node::Kind::scalar) return shape.is_scalar();
  if (kind == Node::Kind::list) return shape.form == Form::list;
  return kind == Node::Kind::map && (shape.form == Form::map || shape.form == Form::record);
}

bool is_usual_name(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  if (name.empty() || name.size() > name_size_max || !letter(name[0])) return false;
  return std::all_of(name.begin(), name.end(),
                     [&](char c) { return letter(c) || c == '-' || c == '_' || c == '.'; });
}

// A time without quotes is a number of minutes to other readers of YAML.
bool looks_like_unquoted_time(const Node& node) {
  const auto& text = node.text;
  return node.quoting == Node::Quoting::plain && text.size() <= 5 && text.size() >= 4 &&
         text[text.size() - 3] == ':' && text[0] >= '0' && text[0] <= '9';
}

class Walk {
 public:
  Walk(Completeness completeness, const VariableLookup& lookup, Diagnostics& diagnostics)
      : completeness_(completeness), lookup_(lookup), diagnostics_(diagnostics) {}

  // False if the node can't be used. `what` names it in messages.
  bool value(Node& node, const Shape& shape, const std::string& what) {
    if (shape.form == Form::any_of) return alternatives(node, shape, what);
    if (!fits(shape, node.kind)) return misfit(node, shape, what);
    switch (shape.form) {
      case Form::list: return list(node, shape, what);
      case Form::map: return named(node, shape, what);
      case Form::record: return record(node, shape.record(), what);
      default: return scalars(node, {&shape}, what);
    }
  }

 private:
  bool misfit(const Node& node, const Shape& shape, const std::string& what) {
    if (node.is_null()) {
      diagnostics_.error(node.position, fmt::format("{} has no value", what),
                         fmt::format("write {}, or remove the key", describe(shape)));
    } else {
      diagnostics_.error(
          node.position,
          fmt::format("{} is {}, not {}", what, describe(shape), kind_name(node.kind)), {},
          shape.form == Form::secret ? std::string() : node.text);
    }
    return false;
  }

  bool alternatives(Node& node, const Shape& shape, const std::string& what) {
    std::vector<const Shape*> fitting;
    for (const auto& part : shape.parts) {
      if (fits(part, node.kind)) fitting.push_back(&part);
    }
    if (fitting.empty()) return misfit(node, shape, what);
    if (node.is_scalar()) return scalars(node, fitting, what);
    return value(node, *fitting.front(), what);
  }

  bool scalars(Node& node, const std::vector<const Shape*>& shapes, const std::string& what) {
    const bool secret = shapes.front()->form == Form::secret;
    const auto written = node.text;
    if (!secret && has_variables(node.text)) {
      if (completeness_ == Completeness::part) return true;
      auto expanded = expand(node.text, lookup_);
      if (!expanded.ok()) {
        diagnostics_.error(node.position, fmt::format("{}: {}", what, expanded.error().message()),
                           expanded.error().hint(), written);
        return false;
      }
      node.text = std::move(expanded).value();
    }
    if (shapes.front()->form == Form::at && looks_like_unquoted_time(node)) {
      diagnostics_.note(
          node.position, fmt::format("{}: {} has no quotes", what, node.text),
          fmt::format("write \"{}\": some readers of YAML take it for a number", node.text));
    }
    if (shapes.front()->form == Form::address && !has_variables(written) &&
        parse_address(written).has_password) {
      diagnostics_.warning(node.position, fmt::format("{}: a password stands in the file", what),
                           "write password: env:NAME, or fill it in with ${NAME}");
    }
    std::string hint;
    std::string message;
    for (const auto* shape : shapes) {
      const auto checked = check_scalar(*shape, node.text);
      if (checked.ok()) return true;
      message = checked.error().message();
      // A hint of a choice that is one of several possibilities would hide the others.
      if (hint.empty() && shape->form != Form::choice) hint = checked.error().hint();
      if (shape->form == Form::choice && shapes.size() == 1) {
        const auto near = closest(node.text, shape->choices);
        hint = near.empty() ? checked.error().hint() : fmt::format("did you mean '{}'?", near);
      }
    }
    describe_fault(node, written, shapes, what, message, hint);
    return false;
  }

  void describe_fault(const Node& node, const std::string& written,
                      const std::vector<const Shape*>& shapes, const std::string& what,
                      std::string message, const std::string& hint) {
    const bool secret = shapes.front()->form == Form::secret;
    std::string wanted;
    for (const auto* shape : shapes) wanted += (wanted.empty() ? "" : ", or ") + describe(*shape);
    if (!secret && written != node.text) {
      message = fmt::format("with its variables filled in, this is not {}", wanted);
    } else if (shapes.size() > 1) {
      message = fmt::format("'{}' is not {}", base::printable(node.text), wanted);
    }
    diagnostics_.error(node.position, fmt::format("{}: {}", what, base::printable(message)), hint,
                       secret ? std::string() : written);
  }

  bool list(Node& node, const Shape& shape, const std::string& what) {
    std::erase_if(node.items, [&](Node& item) {
      return !value(item, shape.parts.front(), fmt::format("an item of {}", what));
    });
    return true;
  }

  bool named(Node& node, const Shape& shape, const std::string& what) {
    const auto& part = shape.parts.front();
    const auto& name = part.form == Form::record ? part.record().name : what;
    std::erase_if(node.members, [&](Member& member) {
      if (member.key.starts_with('?')) return true;  // told by the reader of YAML
      if (!is_usual_name(member.key)) {
        diagnostics_.error(member.position, fmt::format("a name in {} can't be this", what),
                           "names are made of letters, digits, - _ and .", member.key);
        return true;
      }
      return !value(member.value, part, fmt::format("{} {}", name, member.key));
    });
    return true;
  }

  bool record(Node& node, const Record& record, const std::string& what) {
    std::erase_if(node.members, [&](Member& member) {
      if (member.key.starts_with('?')) return true;
      const auto* key = record.find(member.key);
      if (key == nullptr) {
        diagnostics_.error(member.position,
                           fmt::format("{}: unknown key '{}'", what, base::printable(member.key)),
                           advice_on_key(member.key, record), member.key);
        return true;
      }
      if (value(member.value, key->shape, member.key)) return false;
      node.faulty.push_back(member.key);
      return true;
    });
    if (completeness_ == Completeness::whole) needs(node, record, what);
    groups(node, record, what);
    return true;
  }

  void needs(const Node& node, const Record& record, const std::string& what) {
    for (const auto& key : record.keys) {
      const bool is_there = node.find(key.name) != nullptr || node.is_faulty(key.name);
      if (key.need == Need::optional || is_there) continue;
      diagnostics_.error(node.position, fmt::format("{} lacks '{}'", what, key.name),
                         fmt::format("{} {}", key.name, describe(key.shape)));
    }
  }

  void groups(Node& node, const Record& record, const std::string& what) {
    for (const auto& group : record.groups) {
      std::vector<const Member*> given;
      for (const auto& member : node.members) {
        const bool one =
            std::find(group.keys.begin(), group.keys.end(), member.key) != group.keys.end();
        if (one) given.push_back(&member);
      }
      for (std::size_t i = 1; i < given.size(); ++i) {
        diagnostics_.error(
            given[i]->position,
            fmt::format("{}: '{}' and '{}' exclude each other", what, given[0]->key, given[i]->key),
            fmt::format("{} is said once; remove one", group.what), given[i]->key);
      }
      const bool any_faulty = std::any_of(group.keys.begin(), group.keys.end(),
                                          [&](const auto& key) { return node.is_faulty(key); });
      if (given.empty() && !any_faulty && completeness_ == Completeness::whole &&
          group.count == KeyGroup::Count::exactly_one) {
        diagnostics_.error(node.position, fmt::format("{} does not say {}", what, group.what),
                           fmt::format("add one of {}", fmt::join(group.keys, ", ")));
      }
    }
  }

  const Completeness completeness_;
  const VariableLookup& lookup_;
  Diagnostics& diagnostics_;
};

}  // namespace

void check_shape(Node& node, const Shape& shape, Completeness completeness,
                 const VariableLookup& lookup, Diagnostics& diagnostics) {
  const auto what = shape.form == Form::record ? shape.record().name : std::string("the file");
  if (!Walk(completeness, lookup, diagnostics).value(node, shape, what)) node = {};
}

}  // namespace holdfast::strategy
