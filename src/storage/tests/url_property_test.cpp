// Location URLs: formatting and parsing are inverse for every path, and no text does harm.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "storage/url.hpp"

namespace holdfast::storage {

namespace {

RC_GTEST_PROP(LocationUrl, FormattedPathsParseBack, (std::string tail)) {
  std::erase(tail, '\0');
  std::string path = "/" + tail;
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  const auto url = parse_location_url(format_location_url({.path = path}));
  RC_ASSERT(url.ok());
  RC_ASSERT(url.value().path == path);
}

RC_GTEST_PROP(LocationUrl, EveryTextIsAPathOrAnErrorWithAHint, ()) {
  const auto rest = *rc::gen::container<std::string>(
      rc::gen::element('%', '/', ':', 'a', '4', 'f', '\0', '?', '#', '\xff', '@'));
  const auto start =
      *rc::gen::element<std::string>("file:", "file://", "file:///", "s3:", "s3://abc/",
                                     "s3://abc?endpoint=http://", "sftp://", "sftp://h/", "", "/");
  const auto url = parse_location_url(start + rest);
  if (url.ok()) {
    RC_ASSERT(url.value().scheme != LocationUrl::Scheme::file || !url.value().path.empty());
    for (const std::string& part : {url.value().path, url.value().s3.prefix,
                                    url.value().s3.endpoint, url.value().sftp.path}) {
      RC_ASSERT(part.find('\0') == std::string::npos);
    }
    RC_ASSERT(parse_location_url(format_location_url(url.value())).value() == url.value());
  } else {
    RC_ASSERT(!url.error().hint().empty());
  }
}

}  // namespace

}  // namespace holdfast::storage
