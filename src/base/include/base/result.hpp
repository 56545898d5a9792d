// Result<T>: a value or an Error, and TRY, which hands an error to the caller. No exception crosses
// a function of ours.
#pragma once

#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/check.hpp"
#include "base/error.hpp"

namespace holdfast::base {

struct Unit {};

// Either a T or an Error. value() on an error (and the reverse) is a programmer's mistake and ends
// the program.
template <typename T>
class [[nodiscard]] Result {
 public:
  using Value = T;

  // A value or an error is a result: NOLINTBEGIN(google-explicit-constructor)
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}
  // NOLINTEND(google-explicit-constructor)
  // From what converts to a T by itself: a pointer to a derived class, nullopt.
  template <typename U>
    requires(std::is_convertible_v<U, T> && !std::is_same_v<std::remove_cvref_t<U>, T> &&
             !std::is_same_v<std::remove_cvref_t<U>, Error> &&
             !std::is_same_v<std::remove_cvref_t<U>, Result>)
  Result(U&& value)  // NOLINT(google-explicit-constructor,bugprone-forwarding-reference-overload)
      : state_(std::in_place_index<0>, T(std::forward<U>(value))) {}

  [[nodiscard]] bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  [[nodiscard]] T& value() & {
    CHECK(ok(), "value() of a failed Result");
    return *std::get_if<0>(&state_);
  }
  [[nodiscard]] const T& value() const& {
    CHECK(ok(), "value() of a failed Result");
    return *std::get_if<0>(&state_);
  }
  [[nodiscard]] T&& value() && {
    CHECK(ok(), "value() of a failed Result");
    return std::move(*std::get_if<0>(&state_));
  }
  [[nodiscard]] Error& error() & {
    CHECK(!ok(), "error() of a Result that holds a value");
    return *std::get_if<1>(&state_);
  }
  [[nodiscard]] const Error& error() const& {
    CHECK(!ok(), "error() of a Result that holds a value");
    return *std::get_if<1>(&state_);
  }
  [[nodiscard]] Error&& error() && {
    CHECK(!ok(), "error() of a Result that holds a value");
    return std::move(*std::get_if<1>(&state_));
  }

  // Adds where it happened, if it failed.
  [[nodiscard]] Result with_context(std::string context) && {
    if (ok()) return std::move(*this);
    return std::move(*std::get_if<1>(&state_)).with_context(std::move(context));
  }

 private:
  std::variant<T, Error> state_;
};

// Success without a value: `return {};`
template <>
class [[nodiscard]] Result<void> {
 public:
  using Value = Unit;

  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const noexcept { return !error_.has_value(); }
  explicit operator bool() const noexcept { return ok(); }
  [[nodiscard]] Unit value() const {
    CHECK(ok(), "value() of a failed Result");
    return {};
  }
  [[nodiscard]] Error& error() & {
    CHECK(!ok(), "error() of a Result that holds a value");
    return *error_;
  }
  [[nodiscard]] const Error& error() const& {
    CHECK(!ok(), "error() of a Result that holds a value");
    return *error_;
  }
  [[nodiscard]] Error&& error() && {
    CHECK(!ok(), "error() of a Result that holds a value");
    return std::move(*error_);
  }
  [[nodiscard]] Result with_context(std::string context) && {
    if (ok()) return {};
    return std::move(*error_).with_context(std::move(context));
  }

 private:
  std::optional<Error> error_;
};

}  // namespace holdfast::base

// Evaluates to the value of `expression` (a Result); on error returns it from the enclosing
// function. (A GNU statement expression: g++ and clang both have it. Each use has a name of its
// own, so that uses can be nested.)
#define TRY(expression) HOLDFAST_TRY_NAMED(expression, HOLDFAST_TRY_JOIN(try_result_, __COUNTER__))

// The same, adding where it happened; `context` is evaluated on error only.
#define TRY_CONTEXT(expression, context) \
  HOLDFAST_TRY_CONTEXT_NAMED(expression, context, HOLDFAST_TRY_JOIN(try_result_, __COUNTER__))

#define HOLDFAST_TRY_JOIN(a, b) HOLDFAST_TRY_JOIN_EXPANDED(a, b)
#define HOLDFAST_TRY_JOIN_EXPANDED(a, b) a##b
// `result` is a name: NOLINTBEGIN(bugprone-macro-parentheses)
#define HOLDFAST_TRY_NAMED(expression, result)                   \
  __extension__({                                                \
    auto result = (expression);                                  \
    if (!result.ok()) [[unlikely]]                               \
      return ::holdfast::base::Error(std::move(result).error()); \
    std::move(result).value();                                   \
  })
#define HOLDFAST_TRY_CONTEXT_NAMED(expression, context, result)                        \
  __extension__({                                                                      \
    auto result = (expression);                                                        \
    if (!result.ok()) [[unlikely]]                                                     \
      return ::holdfast::base::Error(std::move(result).error()).with_context(context); \
    std::move(result).value();                                                         \
  })
// NOLINTEND(bugprone-macro-parentheses)
