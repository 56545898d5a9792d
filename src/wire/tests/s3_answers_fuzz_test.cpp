// Parsers of what servers say: any bytes are an answer or an error, never a crash.
#include <gtest/gtest.h>

#include "base/random.hpp"
#include "credentials_file.hpp"
#include "http_date.hpp"
#include "s3_answers.hpp"

namespace holdfast::wire {

namespace {

void parse_everything(std::string_view text) {
  (void)parse_error(text);
  (void)parse_list(text).ok();
  (void)parse_versions(text).ok();
  (void)parse_upload_id(text).ok();
  (void)parse_complete(text).ok();
  (void)parse_deletions(text).ok();
  (void)parse_versioning(text).ok();
  (void)parse_lock_configuration(text).ok();
  (void)parse_metadata_credentials(text).ok();
  (void)parse_token_service_answer(text).ok();
  (void)parse_profile(text, "default").ok();
  (void)parse_http_date(text);
  (void)parse_iso_date(text);
}

const std::vector<std::string>& seeds() {
  static const std::vector<std::string> texts = {
      "<Error><Code>NoSuchKey</Code><Message>m</Message><Region>eu</Region></Error>",
      "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated><Contents>"
      "<Key>a%2Fb</Key><LastModified>2026-11-21T07:00:00.500Z</LastModified><Size>5</Size>"
      "</Contents></ListBucketResult>",
      "<ListVersionsResult><Version><Key>a</Key><VersionId>v</VersionId><IsLatest>true</IsLatest>"
      "<LastModified>2026-11-21T07:00:00Z</LastModified><Size>5</Size></Version><DeleteMarker>"
      "<Key>a</Key><LastModified>2026-11-21T07:00:00Z</LastModified></DeleteMarker>"
      "</ListVersionsResult>",
      "<DeleteResult><Deleted><Key>a</Key></Deleted><Error><Key>b</Key><Code>X</Code></Error>"
      "</DeleteResult>",
      "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>",
      "<ObjectLockConfiguration><Rule><DefaultRetention><Days>30</Days></DefaultRetention></Rule>"
      "</ObjectLockConfiguration>",
      "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"s\",\"Expiration\":\"2026-11-21T07:00:00Z\"}",
      "[default]\naws_access_key_id = x\n[profile y]\nz=1\n",
      "Sat, 21 Nov 2026 08:00:00 GMT",
      "2026-11-21T07:00:00.500Z"};
  return texts;
}

TEST(S3AnswersFuzz, MutatedAnswers) {
  base::SeededRandom random(20261121);
  constexpr std::string_view spice =
      "<>&;/\"'=[]{}%\0\xff"
      "0Z";
  for (const std::string& seed : seeds()) {
    parse_everything(seed);
    for (std::size_t size = 0; size < seed.size(); ++size) parse_everything(seed.substr(0, size));
    for (int round = 0; round < 2000; ++round) {
      std::string text = seed;
      for (std::uint64_t edits = 1 + random.below(6); edits > 0 && !text.empty(); --edits) {
        const std::size_t at = random.below(text.size());
        switch (random.below(4)) {
          case 0: text[at] = static_cast<char>(random.below(256)); break;
          case 1: text[at] = spice[random.below(spice.size())]; break;
          case 2: text.erase(at, 1 + random.below(8)); break;
          default: text.insert(at, text.substr(random.below(text.size()), random.below(40))); break;
        }
      }
      parse_everything(text);
    }
  }
}

TEST(S3AnswersFuzz, DeepAndLongDocuments) {
  std::string deep;
  for (int i = 0; i < 200'000; ++i) deep += "<a>";
  parse_everything(deep);
  parse_everything(std::string(500'000, '['));
  std::string many = "<ListBucketResult>";
  for (int i = 0; i < 20'000; ++i) {
    many +=
        "<Contents><Key>k</Key><LastModified>2026-11-21T07:00:00Z</LastModified><Size>1</Size>"
        "</Contents>";
  }
  many += "</ListBucketResult>";
  EXPECT_FALSE(parse_list(many).ok()) << "more than a page can hold";
  parse_everything("<!DOCTYPE x [<!ENTITY a \"&b;&b;\"><!ENTITY b \"&a;\">]><Error>&a;</Error>");
}

TEST(S3AnswersFuzz, NumbersOutOfRange) {
  for (const std::string size : {"-1", "99999999999999999999999", "", "1x", "0x10"}) {
    EXPECT_FALSE(parse_list("<ListBucketResult><Contents><Key>k</Key><LastModified>"
                            "2026-11-21T07:00:00Z</LastModified><Size>" +
                            size + "</Size></Contents></ListBucketResult>")
                     .ok())
        << size;
  }
  const auto lock = parse_lock_configuration(
      "<ObjectLockConfiguration><Rule><DefaultRetention><Years>99999999999</Years>"
      "</DefaultRetention></Rule></ObjectLockConfiguration>");
  ASSERT_TRUE(lock.ok());
  EXPECT_FALSE(lock.value().default_lock);
  EXPECT_FALSE(parse_iso_date("9999-11-21T07:00:00Z"));
}

}  // namespace

}  // namespace holdfast::wire
