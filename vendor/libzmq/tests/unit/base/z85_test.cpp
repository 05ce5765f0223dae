// Z85: RFC 32's example, every refusal, and random bytes there and back.
#include "base/z85.hpp"

#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace engine;

TEST_CASE ("the example of RFC 32")
{
    const std::uint8_t bytes[] = {0x86, 0x4F, 0xD2, 0x6F, 0xB5, 0x59, 0xF7, 0x5B};
    char text[10];
    CHECK (z85_encode (bytes, text));
    CHECK (std::string_view (text, 10) == "HelloWorld");
    std::uint8_t back[8];
    CHECK (z85_decode ("HelloWorld", back));
    CHECK (std::equal (bytes, bytes + 8, back));
}

TEST_CASE ("Z85 refuses wrong lengths, characters and values")
{
    char text[10];
    std::uint8_t bytes[8];
    for (const std::size_t size : {1, 2, 3, 5, 7})
        CHECK_FALSE (z85_encode ({bytes, size}, text));
    CHECK (z85_encode ({bytes, 0}, text));
    for (const char *wrong :
         {"a", "abcd", "abcdef", "ab cd", "ab\"cd", "ab'cd", "ab,cd", "ab;cd", "ab_cd", "ab`cd", "ab|cd", "ab~cd", "ab\\cd",
          "ab\x80"
          "cd",
          "ab\ncd", "#####", "%nSc1"})
        CHECK_FALSE (z85_decode (wrong, bytes));
    CHECK_FALSE (z85_decode (std::string_view ("ab\0cd", 5), bytes));
    CHECK (z85_decode ("", bytes));
    CHECK (z85_decode ("%nSc0", bytes));  // 2^32 - 1
    CHECK (std::vector<std::uint8_t> (bytes, bytes + 4) == std::vector<std::uint8_t> (4, 255));
}

TEST_CASE ("Z85 there and back, and each text has one meaning")
{
    std::mt19937 random (85);
    for (int round = 0; round < 2000; ++round) {
        std::vector<std::uint8_t> bytes (random () % 16 * 4);
        for (auto &byte : bytes)
            byte = static_cast<std::uint8_t> (random ());
        std::string text (z85_encoded_size (bytes.size ()), '?');
        REQUIRE (z85_encode (bytes, text.data ()));
        std::vector<std::uint8_t> back (bytes.size ());
        REQUIRE (z85_decode (text, back.data ()));
        CHECK (back == bytes);

        // Any five characters either are refused or are what their bytes encode to.
        std::string guess (5, ' ');
        for (auto &c : guess)
            c = static_cast<char> (random () % 96 + 32);
        std::uint8_t decoded[4];
        if (z85_decode (guess, decoded)) {
            char again[5];
            z85_encode (decoded, again);
            CHECK (std::string_view (again, 5) == guess);
        }
    }
}
