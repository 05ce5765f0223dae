// SHA-1 and Base64: their RFCs' examples, and every length around a block's.
#include "base/sha1.hpp"

#include <string>

#include <doctest/doctest.h>

#include "base/base64.hpp"

using namespace engine;

namespace {

std::string hex (std::string_view text)
{
    std::string out;
    for (const std::uint8_t byte : sha1 (text))
        for (const int digit : {byte >> 4, byte & 15})
            out += "0123456789abcdef"[digit];
    return out;
}

std::string encoded (std::string_view text)
{
    return base64_encode ({reinterpret_cast<const std::uint8_t *> (text.data ()), text.size ()});
}

}  // namespace

TEST_CASE ("SHA-1: examples")
{
    CHECK (hex ("") == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    CHECK (hex ("abc") == "a9993e364706816aba3e25717850c26c9cd0d89d");
    CHECK (hex ("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") == "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    CHECK (hex (std::string (1'000'000, 'a')) == "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
    CHECK (hex (std::string (55, 'a')) == "c1c8bbdc22796e28c0e15163d20899b65621d65a");
    CHECK (hex (std::string (56, 'a')) == "c2db330f6083854c99d4b5bfb6e8f29f201be699");
    CHECK (hex (std::string (63, 'a')) == "03f09f5b158a7a8cdad920bddc29b81c18a551f5");
    CHECK (hex (std::string (64, 'a')) == "0098ba824b5c16427bd7a1122a5a442a25ec644d");
    CHECK (hex (std::string (119, 'a')) == "ee971065aaa017e0632a8ca6c77bb3bf8b1dfc56");
    CHECK (hex (std::string (120, 'a')) == "f34c1488385346a55709ba056ddd08280dd4c6d6");
}

TEST_CASE ("Base64: the examples of RFC 4648, and what is none")
{
    CHECK (encoded ("").empty ());
    CHECK (encoded ("f") == "Zg==");
    CHECK (encoded ("fo") == "Zm8=");
    CHECK (encoded ("foo") == "Zm9v");
    CHECK (encoded ("foob") == "Zm9vYg==");
    CHECK (encoded ("fooba") == "Zm9vYmE=");
    CHECK (encoded ("foobar") == "Zm9vYmFy");
    CHECK (encoded ("\xff\xfe\xfb") == "//77");

    CHECK (is_base64_of ("dGhlIHNhbXBsZSBub25jZQ==", 16));
    CHECK (is_base64_of ("Zm8=", 2));
    CHECK (is_base64_of ("Zm9v", 3));
    for (const char *wrong : {"", "Zm8", "Zm9=", "Zm8= ", "Z===", "Zm9v", "Zm*="})
        CHECK_FALSE (is_base64_of (wrong, 2));
    CHECK_FALSE (is_base64_of ("dGhlIHNhbXBsZSBub25jZQ==", 15));
}
