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
  const auto url = parse_location_url(format_location_url({LocationUrl::Scheme::file, path}));
  RC_ASSERT(url.ok());
  RC_ASSERT(url.value().path == path);
}

RC_GTEST_PROP(LocationUrl, EveryTextIsAPathOrAnErrorWithAHint, ()) {
  const auto rest = *rc::gen::container<std::string>(
      rc::gen::element('%', '/', ':', 'a', '4', 'f', '\0', '?', '#', '\xff', '@'));
  const auto start = *rc::gen::element<std::string>("file:", "file://", "file:///", "s3:", "", "/");
  const auto url = parse_location_url(start + rest);
  if (url.ok()) {
    RC_ASSERT(!url.value().path.empty());
    RC_ASSERT(url.value().path.find('\0') == std::string::npos);
  } else {
    RC_ASSERT(!url.error().hint().empty());
  }
}

}  // namespace

}  // namespace holdfast::storage
