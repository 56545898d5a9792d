// Keys of components: what is said about every one, and what each kind needs to know.
#include "keys.hpp"

namespace holdfast::strategy {

namespace {

Key password_key() { return {"password", scalar(Form::secret), "Where the password comes from."}; }

// What servers have in common.
std::vector<Key> server_keys(std::string_view url) {
  return {{"url", scalar(Form::address), std::string(url)},
          {"host", text_shape(), "Of the server, if the URL doesn't say it."},
          {"port", scalar(Form::integer), "If the URL doesn't say it."},
          {"user", text_shape(), "If the URL doesn't say it."},
          password_key(),
          {"container", text_shape(), "The container in which it runs."},
          {"ca", text_shape(), "The certificate that signed the server's."}};
}

std::vector<Key> joined(std::vector<Key> first, std::vector<Key> second) {
  for (auto& key : second) first.push_back(std::move(key));
  return first;
}

}  // namespace

const Record& postgres_record() {
  static const Record record{
      .name = "postgres",
      .text = "A PostgreSQL server or database.",
      .keys = joined(
          server_keys("`postgresql://user@host:port/database`; an empty host is the local socket."),
          {{"database", text_shape(), "If the URL doesn't say it."},
           {"databases", one_or_more(text_shape()),
            "Of logical dumps: `all` (with roles, as pg_dumpall) or names."},
           {"schemas", one_or_more(text_shape()),
            "Of logical dumps: only these, as pg_dump's --schema."},
           {"tables", one_or_more(text_shape()),
            "Of logical dumps: only these, as pg_dump's --table."},
           {"tools", text_shape(), "The folder of pg_dump, if it isn't found by itself."},
           {"tls", choice({"disable", "require", "verify-ca", "verify-full"}),
            "As sslmode of PostgreSQL."},
           {"canary", scalar(Form::duration),
            "Write a row so often and look for it in the backups: that measures RPO."},
           {"slot", text_shape(), "The replication slot of the log."},
           {"checkpoint", choice({"fast", "spread"}), "How a physical backup begins."},
           {"acknowledge", text_shape(),
            "When a log position counts as safe: any, all, spool, or quorum N."}}),
  };
  return record;
}

const Record& redis_record() {
  static const Record record{
      .name = "redis",
      .text = "A Redis server.",
      .keys = joined(server_keys("`redis://host:port` or, with TLS, `rediss://host:port`."),
                     {{"canary", scalar(Form::duration), "As of postgres, with a key."}}),
  };
  return record;
}

const Record& mongodb_record() {
  static const Record record{
      .name = "mongodb",
      .text = "A MongoDB server or replica set.",
      .keys = joined(server_keys("`mongodb://host:port/?tls=true`, `mongodb+srv://…`."),
                     {{"databases", one_or_more(text_shape()), "Which ones; without it, all."},
                      {"tls", choice({"disable", "require"}), "If the URL doesn't say it."},
                      {"canary", scalar(Form::duration), "As of postgres, with a document."}}),
  };
  return record;
}

const Record& clickhouse_record() {
  static const Record record{
      .name = "clickhouse",
      .text = "A ClickHouse server.",
      .keys = joined(server_keys("`http://host:8123` or, with TLS, `https://host:8443`."),
                     {{"databases", one_or_more(text_shape()), "Which ones; without it, all."}}),
  };
  return record;
}

const Record& files_record() {
  static const Record record{
      .name = "files",
      .text = "Directories and files.",
      .keys = {{"paths", one_or_more(text_shape()), "Relative to this file's folder, or absolute.",
                Need::required},
               {"exclude", one_or_more(text_shape()), "Patterns as of .gitignore."},
               {"exclude-from", one_or_more(text_shape()), "Files with such patterns."},
               {"one-file-system", scalar(Form::flag), "Don't enter others that are mounted."}},
  };
  return record;
}

const Record& command_record() {
  static const Record record{
      .name = "command",
      .text = "Any program: what it prints is the snapshot.",
      .keys = {{"run", text_shape(),
                "For /bin/sh. Its standard output is kept, once it has ended with status 0 (of a "
                "pipe, sh looks at the last program only); what it says on standard error goes "
                "into the run's log. It finds HOLDFAST_COMPONENT, "
                "HOLDFAST_RUN and HOLDFAST_ENVIRONMENT, and none of the variables in which this "
                "strategy's secrets lie.",
                Need::required},
               {"restore", text_shape(),
                "For /bin/sh. Gets it as standard input when it is restored `--in-place`."},
               {"timeout", scalar(Form::duration),
                "Then it has failed. Without it, it may take as long as it says something: after "
                "`stall` of the plan, or 30m, without output it is ended."},
               {"name", text_shape(), "Of the file in the snapshot. Without it: the component's."},
               {"folder", text_shape(), "In which it runs; relative to this file's."}},
  };
  return record;
}

const Record& git_record() {
  static const Record record{
      .name = "git",
      .text = "A git repository: every ref of it.",
      .keys = {{"path", text_shape(),
                "A local repository, bare or with a working tree. What isn't committed or stashed "
                "isn't in it; submodules are repositories of their own."},
               {"url", scalar(Form::address),
                "A remote one: `ssh://`, `https://` or `user@host:path`, without a password; git "
                "finds it in a credential helper or an ssh key."},
               {"lfs", scalar(Form::flag),
                "Large files (Git LFS) too: those that a local repository holds; of a remote one "
                "all, with git-lfs. Without it: true."},
               {"refs", one_or_more(text_shape()),
                "Only these: names of branches and tags with at most one `*`, or whole ones that "
                "begin with `refs/`."}},
      .groups = {{KeyGroup::Count::exactly_one, "where it is", {"path", "url"}}},
  };
  return record;
}

const Record& bucket_record() {
  static const Record record{
      .name = "bucket",
      .text = "A bucket of an object store.",
      .keys = {{"url", scalar(Form::address), "`s3://bucket/prefix`.", Need::required},
               {"endpoint", scalar(Form::address), "As of a location."},
               {"region", text_shape(), "As of a location."},
               {"addressing", choice({"path", "host"}), "As of a location."},
               {"credentials", scalar(Form::secret), "As of a location."},
               {"versions", choice({"current", "all"}), "Of each object."},
               {"exclude", one_or_more(text_shape()), "Patterns of names."}},
  };
  return record;
}

const Record& docker_record() {
  static const Record record{
      .name = "docker",
      .text = "Docker volumes and the configuration of containers.",
      .keys = {{"volumes", one_or_more(text_shape()), "`all`, or names and patterns."},
               {"exclude", one_or_more(text_shape()), "Names and patterns."},
               {"project", text_shape(), "Of docker compose: all that belongs to it."},
               {"stop", one_or_more(text_shape()), "Containers that stand still meanwhile."},
               {"socket", text_shape(), "Of the daemon. Without it: /var/run/docker.sock."}},
  };
  return record;
}

const Record& kubernetes_record() {
  static const Record record{
      .name = "kubernetes",
      .text = "Objects and volumes of a cluster.",
      .keys = {{"context", text_shape(), "Of the kubeconfig."},
               {"kubeconfig", text_shape(), "Its path. Without it: as kubectl finds it."},
               {"namespaces", one_or_more(text_shape()), "Names and patterns; `\"*\"` is all."},
               {"exclude", one_or_more(text_shape()), "Namespaces to leave out."},
               {"cluster-scoped", scalar(Form::flag), "Objects outside namespaces too."},
               {"volumes", one_or_more(text_shape()), "`all`, `none`, or names of claims."}},
  };
  return record;
}

const Record& vault_record() {
  static const Record record{
      .name = "vault",
      .text = "Secrets of a Vault server.",
      .keys = {{"url", scalar(Form::address), "`https://vault.example.org:8200`.", Need::required},
               {"paths", one_or_more(text_shape()), "Mounts and paths; without it, all."},
               {"token", scalar(Form::secret), "Where the token comes from."},
               {"namespace", text_shape(), "Of Vault Enterprise."}},
  };
  return record;
}

const Record& objectives_record() {
  static const Record record{
      .name = "objectives",
      .text = "What is promised. Measured all the time, and checked against the schedule.",
      .keys = {{"rpo", scalar(Form::duration), "At most this much is lost."},
               {"rto", scalar(Form::duration), "It runs again after this."},
               {"success", scalar(Form::percentage_rate), "Of runs."},
               {"verified", scalar(Form::percentage_rate), "Of snapshots."},
               {"drills", scalar(Form::percentage_rate), "Of drills that pass."}},
  };
  return record;
}

const Record& hooks_record() {
  static const Record record{
      .name = "hooks",
      .text = "Programs around each run.",
      .keys = {{"before", one_or_more(text_shape()), "If one fails, the run does."},
               {"after", one_or_more(text_shape()), "Also when the run failed."},
               {"failed", one_or_more(text_shape()), "Only then."}},
  };
  return record;
}

const Record& service_record() {
  static const Record record{
      .name = "service",
      .text = "What uses the component: stopped and started around restores in place and drills.",
      .keys = {{"stop", text_shape(), "The command."}, {"start", text_shape(), "The command."}},
  };
  return record;
}

const Record& component_record() {
  static const Record record{
      .name = "component",
      .text = "One thing to protect, of exactly one kind.",
      .keys = {{"postgres", record_of(postgres_record), "PostgreSQL."},
               {"redis", record_of(redis_record), "Redis."},
               {"mongodb", record_of(mongodb_record), "MongoDB."},
               {"clickhouse", record_of(clickhouse_record), "ClickHouse."},
               {"files", record_of(files_record), "Directories and files."},
               {"command", record_of(command_record), "What a program prints."},
               {"git", record_of(git_record), "A git repository."},
               {"bucket", record_of(bucket_record), "A bucket."},
               {"docker", record_of(docker_record), "Docker volumes."},
               {"kubernetes", record_of(kubernetes_record), "A cluster."},
               {"vault", record_of(vault_record), "Vault."},
               {"part-of", name_shape(),
                "Of this component: it has no data of its own, but promises and assertions."},
               {"tables", one_or_more(text_shape()),
                "Of a database: those of the part, or those that must be in every backup."},
               {"host", name_shape(),
                "The machine whose daemon runs it; without it, any one does."},
               {"enabled", scalar(Form::flag), "false: it stands here and nothing runs."},
               {"note", text_shape(), "For readers."},
               {"size", scalar(Form::size), "What `forecast` reckons with until it was measured."},
               {"objectives", record_of(objectives_record), "What is promised."},
               {"plans", map_of(record_of(plan_record)), "The rows of its schedule, by name."},
               {"verify", map_of(record_of(verify_record)),
                "Besides those of `defaults`, by name."},
               {"hooks", record_of(hooks_record), "Programs around each run."},
               {"service", record_of(service_record), "What uses it."}},
      .groups = {{KeyGroup::Count::exactly_one,
                  "its kind",
                  {"postgres", "redis", "mongodb", "clickhouse", "files", "command", "git",
                   "bucket", "docker", "kubernetes", "vault", "part-of"}}},
  };
  return record;
}

}  // namespace holdfast::strategy
