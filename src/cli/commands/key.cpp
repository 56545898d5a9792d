// key list, add, remove, change-password.
#include <fmt/format.h>

#include <algorithm>

#include "commands/handlers.hpp"
#include "engine/keys.hpp"
#include "invocation.hpp"
#include "repository/identity.hpp"
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
  if (key.info.type == SlotType::recipient)
    json.text("recipient", repository::format_recipient(key.info.recipient));
  json.text("role", role_name(key.info.role));
  json.text("label", key.info.label);
  json.text("created", base::format_utc(key.info.created, base::TimePrecision::nanoseconds));
  json.boolean("current", key.is_current);
  json.end();
}

void list_as_text(Output& output, const std::vector<engine::KeySlot>& keys) {
  const bool has_recipients = std::ranges::any_of(
      keys, [](const auto& key) { return key.info.type == SlotType::recipient; });
  std::size_t label_width = 5;
  for (const auto& key : keys) label_width = std::max(label_width, key.info.label.size());
  const auto last = [&](std::string_view label, std::string_view recipient) {
    return recipient.empty() ? std::string(label)
                             : fmt::format("{:<{}}  {}", label, label_width, recipient);
  };
  output.summary(fmt::format("  {:<8}  {:<20}  {:<6}  {:<10}  {}", "ID", "CREATED", "ROLE", "TYPE",
                             last("LABEL", has_recipients ? "RECIPIENT" : "")));
  for (const auto& key : keys) {
    const auto recipient = key.info.type == SlotType::recipient
                               ? repository::format_recipient(key.info.recipient)
                               : std::string();
    output.result(fmt::format("{} {:<8}  {:<20}  {:<6}  {:<10}  {}", key.is_current ? '*' : ' ',
                              key.id.substr(0, short_id_size), base::format_utc(key.info.created),
                              role_name(key.info.role), type_name(key.info.type),
                              last(key.info.label, recipient)));
  }
}

// The recipient that the key is for; nothing: it gets a passphrase.
Result<std::optional<codec::BoxPublicKey>> wanted_recipient(const Invocation& invocation) {
  const auto text = invocation.option("recipient");
  if (!text) return std::optional<codec::BoxPublicKey>();
  for (const std::string_view other : {"new-key-file", "new-key-command"}) {
    if (invocation.option(std::string(other))) {
      return base::Error(base::ErrorCode::invalid_argument,
                         fmt::format("--recipient and --{} exclude each other", other))
          .with_hint("a key is opened by its recipient's identity or by a passphrase");
    }
  }
  return std::optional(TRY(repository::parse_recipient(*text).with_context("--recipient")));
}

}  // namespace

Result<ExitCode> run_key_list(Invocation& invocation) {
  const auto session = TRY(Session::open(invocation));
  std::vector<std::string> damaged;
  const auto keys = TRY(engine::list_keys(session->repository(), session->passphrase(), &damaged));
  auto& output = invocation.output();
  for (const auto& object : damaged) output.warning(object);
  list_as_text(output, keys);
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
  const auto recipient = TRY(wanted_recipient(invocation));
  const auto session = TRY(Session::open(invocation));
  const engine::AddKeyOptions options{
      .role = role,
      .label = label,
      .deduplication = deduplication == "shared" ? engine::AddKeyOptions::Deduplication::shared
                                                 : engine::AddKeyOptions::Deduplication::own,
  };
  const auto add = [&]() -> Result<std::string> {
    auto& repository = session->repository();
    if (recipient) {
      return engine::add_key_for(repository, session->passphrase(), *recipient, options);
    }
    const auto passphrase =
        TRY(session->around().passphrase(new_passphrase(), invocation.secrets().new_key));
    return engine::add_key(repository, session->passphrase(), passphrase.view(), options);
  };
  const auto id = TRY(add());
  auto& output = invocation.output();
  output.summary(fmt::format("key {} added ({}{})", id.substr(0, short_id_size), role_name(role),
                             label.empty() ? "" : ", " + label));
  if (output.is_json()) {
    auto& json = output.json();
    json.begin_object();
    json.text("id", id);
    json.text("short_id", id.substr(0, short_id_size));
    if (recipient) json.text("recipient", repository::format_recipient(*recipient));
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
  if (repository::is_identity(session->passphrase())) return engine::identity_has_no_passphrase();
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
