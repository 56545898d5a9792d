// key list, add, remove, change-password.
#include <fmt/format.h>

#include "commands/handlers.hpp"
#include "engine/keys.hpp"
#include "invocation.hpp"
#include "session.hpp"

namespace holdfast::cli {

namespace {

using base::Result;
using repository::SlotRole;
using repository::SlotType;

constexpr std::size_t short_id_size = 8;

std::string_view role_name(SlotRole role) {
  switch (role) {
    case SlotRole::full: return "full";
    case SlotRole::writer: return "writer";
    case SlotRole::reader: return "reader";
  }
  return "unknown";
}

std::string_view type_name(SlotType type) {
  return type == SlotType::passphrase ? "passphrase" : "recipient";
}

SlotRole role_of(std::string_view word) {
  return word == "writer" ? SlotRole::writer : word == "reader" ? SlotRole::reader : SlotRole::full;
}

void write_key(JsonWriter& json, const engine::KeySlot& key) {
  json.begin_object();
  json.text("id", key.id);
  json.text("short_id", key.id.substr(0, short_id_size));
  json.text("type", type_name(key.info.type));
  json.text("role", role_name(key.info.role));
  json.text("label", key.info.label);
  json.text("created", base::format_utc(key.info.created, base::TimePrecision::nanoseconds));
  json.boolean("current", key.is_current);
  json.end();
}

}  // namespace

Result<ExitCode> run_key_list(Invocation& invocation) {
  const auto session = TRY(Session::open(invocation));
  std::vector<std::string> damaged;
  const auto keys = TRY(engine::list_keys(session->repository(), session->passphrase(), &damaged));
  auto& output = invocation.output();
  for (const auto& object : damaged) output.warning(object);
  output.summary(
      fmt::format("  {:<8}  {:<20}  {:<6}  {:<10}  {}", "ID", "CREATED", "ROLE", "TYPE", "LABEL"));
  for (const auto& key : keys) {
    output.result(fmt::format("{} {:<8}  {:<20}  {:<6}  {:<10}  {}", key.is_current ? '*' : ' ',
                              key.id.substr(0, short_id_size), base::format_utc(key.info.created),
                              role_name(key.info.role), type_name(key.info.type), key.info.label));
  }
  if (output.is_json()) {
    auto& json = output.json();
    json.begin_object();
    json.begin_array("keys");
    for (const auto& key : keys) write_key(json, key);
    json.end();
    json.begin_array("damaged");
    for (const auto& object : damaged) json.text(object);
    json.end();
  }
  return damaged.empty() ? ExitCode::done : ExitCode::damage;
}

Result<ExitCode> run_key_add(Invocation& invocation) {
  const auto role = role_of(TRY(invocation.required("role")));
  const auto deduplication = TRY(invocation.required("deduplication"));
  const auto label = invocation.option("label").value_or("");
  const auto session = TRY(Session::open(invocation));
  const auto passphrase =
      TRY(session->around().passphrase(new_passphrase(), invocation.secrets().new_key));
  const engine::AddKeyOptions options{
      .role = role,
      .label = label,
      .deduplication = deduplication == "shared" ? engine::AddKeyOptions::Deduplication::shared
                                                 : engine::AddKeyOptions::Deduplication::own,
  };
  const auto id = TRY(
      engine::add_key(session->repository(), session->passphrase(), passphrase.view(), options));
  auto& output = invocation.output();
  output.summary(fmt::format("key {} added ({}{})", id.substr(0, short_id_size), role_name(role),
                             label.empty() ? "" : ", " + label));
  if (output.is_json()) {
    auto& json = output.json();
    json.begin_object();
    json.text("id", id);
    json.text("short_id", id.substr(0, short_id_size));
    json.text("role", role_name(role));
    json.text("label", label);
  }
  return ExitCode::done;
}

Result<ExitCode> run_key_remove(Invocation& invocation) {
  const auto session = TRY(Session::open(invocation));
  const auto id = TRY(engine::remove_key(session->repository(), invocation.argument("KEY")));
  auto& output = invocation.output();
  output.summary(fmt::format("key {} removed", id.substr(0, short_id_size)));
  if (output.is_json()) {
    output.json().begin_object();
    output.json().text("removed", id);
  }
  return ExitCode::done;
}

Result<ExitCode> run_key_change_password(Invocation& invocation) {
  const auto session = TRY(Session::open(invocation));
  const auto passphrase =
      TRY(session->around().passphrase(new_passphrase(), invocation.secrets().new_key));
  const auto id =
      TRY(engine::change_password(session->repository(), session->passphrase(), passphrase.view()));
  auto& output = invocation.output();
  output.summary(fmt::format("key {} has the new passphrase; the old one opens nothing any more",
                             id.substr(0, short_id_size)));
  if (output.is_json()) {
    output.json().begin_object();
    output.json().text("added", id);
  }
  return ExitCode::done;
}

}  // namespace holdfast::cli
