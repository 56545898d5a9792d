// Keys of a location.
#include "keys.hpp"

namespace holdfast::strategy {

const Record& location_record() {
  static const Record record{
      .name = "location",
      .text =
          "A place where copies live: a repository (`url`), or a mirror that follows its source "
          "and keeps nothing by rules of ours (`mirror`).",
      .keys =
          {{"url", scalar(Form::address),
            "Of the repository: a path (relative to this file's folder), `s3://bucket/prefix`, "
            "`sftp://user@host/path`."},
           {"mirror", scalar(Form::address),
            "Of the mirror: `s3://bucket`; of git, `git@host:path.git`, another URL or a path."},
           {"note", text_shape(), "For readers."},
           {"media", choice({"ssd", "hdd", "nas", "object", "tape", "optical"}),
            "What it is made of. An `s3:` address is `object` by itself."},
           {"capacity", scalar(Form::size), "How much it holds."},
           {"warn", scalar(Form::percentage), "How full it may be before there is a finding."},
           {"access", scalar(Form::duration),
            "How long it takes until its bytes can be read; counts against RTO."},
           {"host", name_shape(), "The machine that it is in, named as in components."},
           {"removable", scalar(Form::flag), "It may be away: no finding, and caught up later."},
           {"offsite", scalar(Form::flag), "It is elsewhere: it survives the loss of the site."},
           {"region", text_shape(), "Of an object store."},
           {"endpoint", scalar(Form::address), "Of an object store that isn't Amazon's."},
           {"addressing", choice({"path", "host"}),
            "Whether the bucket's name is in the path or the host. Without it: path with an "
            "endpoint."},
           {"provider", text_shape(), "Who runs it: two locations of one provider can go at once."},
           {"credentials", scalar(Form::secret),
            "Where ID and secret come from. Without it: AWS_ACCESS_KEY_ID and its kin."},
           {"lock", scalar(Form::duration), "Nothing can be deleted before this age."},
           {"storage-class", text_shape(), "As the object store names it."},
           {"sse", choice({"AES256", "aws:kms"}),
            "Encryption by the object store, on top of ours."},
           {"sse-key", text_shape(), "Which key of aws:kms."},
           {"keep", keep_shape(), "For plans that come here and say nothing themselves.",
            Need::optional, Overlay::replace},
           {"owner", text_shape(), "`user:group` of the files. Without it: whoever runs."},
           {"mode", scalar(Form::mode), "Of the files. Without it: 0600."},
           {"runs", scalar(Form::integer), "How many may write to it at once."},
           {"bandwidth", scalar(Form::size), "Bytes a second at most."}},
      .groups = {{KeyGroup::Count::exactly_one, "what it is", {"url", "mirror"}}},
  };
  return record;
}

}  // namespace holdfast::strategy
