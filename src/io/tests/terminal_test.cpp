// The terminal, on a pseudo-terminal.
#include "io/terminal.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <thread>

namespace holdfast::io {
namespace {

using base::as_bytes;
using base::as_text;
using base::ErrorCode;

class TerminalTest : public testing::Test {
 protected:
  void SetUp() override {
    int user = -1;
    int terminal = -1;
    winsize size{.ws_row = 24, .ws_col = 132, .ws_xpixel = 0, .ws_ypixel = 0};
    ASSERT_EQ(::openpty(&user, &terminal, nullptr, nullptr, &size), 0);
    user_ = Fd(user);
    terminal_ = Fd(terminal);
  }
  bool echoes() const {
    termios settings{};
    EXPECT_EQ(::tcgetattr(terminal_.get(), &settings), 0);
    return (settings.c_lflag & ECHO) != 0;
  }
  // Waits for `text` on the screen, then types `line`.
  std::thread type_after(const std::string& text, const std::string& line) {
    return std::thread([this, text, line] {
      while (screen_.find(text) == std::string::npos) read_screen();
      (void)write_all(user_.get(), as_bytes(line));
    });
  }
  void read_screen() {
    std::array<char, 256> part{};
    const auto got = ::read(user_.get(), part.data(), part.size());
    if (got > 0) screen_.append(part.data(), static_cast<std::size_t>(got));
  }

  Fd user_;
  Fd terminal_;
  std::string screen_;
};

TEST_F(TerminalTest, IsToldFromOtherFiles) {
  EXPECT_TRUE(is_terminal(terminal_.get()));
  EXPECT_FALSE(is_terminal(open_file("/dev/null", O_RDONLY).value().get()));
  EXPECT_FALSE(is_terminal(-1));
}

TEST_F(TerminalTest, SaysItsWidth) {
  EXPECT_EQ(terminal_width(terminal_.get()), 132U);
  EXPECT_EQ(terminal_width(open_file("/dev/null", O_RDONLY).value().get()), std::nullopt);
  winsize none{};
  ASSERT_EQ(::ioctl(terminal_.get(), TIOCSWINSZ, &none), 0);
  EXPECT_EQ(terminal_width(terminal_.get()), std::nullopt);
}

TEST_F(TerminalTest, ASecretIsReadWithoutEcho) {
  auto typist = type_after("Passphrase: ", "open sesame\n");
  const auto secret = prompt_secret(terminal_, "Passphrase: ", {});
  typist.join();
  EXPECT_EQ(as_text(secret.value().view()), "open sesame");
  read_screen();
  EXPECT_THAT(screen_, testing::Not(testing::HasSubstr("sesame")));
  EXPECT_TRUE(echoes()) << "it is as it was";
}

TEST_F(TerminalTest, AnEmptyLineIsAnEmptySecret) {
  auto typist = type_after("? ", "\n");
  const auto secret = prompt_secret(terminal_, "? ", {});
  typist.join();
  EXPECT_TRUE(secret.value().empty());
}

TEST_F(TerminalTest, EndOfInputCancels) {
  auto typist = type_after("? ", "\x04");
  const auto secret = prompt_secret(terminal_, "? ", {});
  typist.join();
  EXPECT_EQ(secret.error().code(), ErrorCode::cancelled);
  EXPECT_TRUE(echoes());
}

TEST_F(TerminalTest, StopCancelsAndBringsTheEchoBack) {
  std::stop_source stop;
  std::thread stopper([&] {
    while (screen_.find("? ") == std::string::npos) read_screen();
    EXPECT_FALSE(echoes());
    stop.request_stop();
  });
  const auto secret = prompt_secret(terminal_, "? ", stop.get_token());
  stopper.join();
  EXPECT_EQ(secret.error().code(), ErrorCode::cancelled);
  EXPECT_TRUE(echoes());
}

TEST_F(TerminalTest, OtherFilesDoNotPrompt) {
  EXPECT_FALSE(prompt_secret(open_file("/dev/null", O_RDWR).value(), "? ", {}).ok());
}

}  // namespace
}  // namespace holdfast::io
