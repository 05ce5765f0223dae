// zmq_z85_* and zmq_curve_*.
#include <cerrno>
#include <cstring>
#include <string>

#include <doctest/doctest.h>

#include "zmq.h"

TEST_CASE ("zmq_z85_encode and zmq_z85_decode")
{
    const uint8_t bytes[] = {0x86, 0x4F, 0xD2, 0x6F, 0xB5, 0x59, 0xF7, 0x5B};
    char text[11] = "..........";
    CHECK (zmq_z85_encode (text, bytes, sizeof bytes) == text);
    CHECK (std::string (text) == "HelloWorld");
    uint8_t back[8];
    CHECK (zmq_z85_decode (back, text) == back);
    CHECK (std::memcmp (back, bytes, sizeof bytes) == 0);
    CHECK (zmq_z85_encode (text, bytes, 0) == text);
    CHECK (text[0] == '\0');

    const auto refused = [] (const void *result) {
        const bool ok = !result && errno == EINVAL;
        errno = 0;
        return ok;
    };
    CHECK (refused (zmq_z85_encode (text, bytes, 7)));
    CHECK (refused (zmq_z85_encode (nullptr, bytes, 8)));
    CHECK (refused (zmq_z85_encode (text, nullptr, 8)));
    CHECK (refused (zmq_z85_decode (back, "Hello1")));
    CHECK (refused (zmq_z85_decode (back, "Hell~")));
    CHECK (refused (zmq_z85_decode (back, "#####")));
    CHECK (refused (zmq_z85_decode (back, "")));
    CHECK (refused (zmq_z85_decode (back, nullptr)));
    CHECK (refused (zmq_z85_decode (nullptr, "HelloWorld")));
}

TEST_CASE ("CURVE keys")
{
    char public_key[41], secret_key[41], derived[41];
    errno = 0;
#if defined ZMQ_HAVE_LIBSODIUM
    REQUIRE (zmq_curve_keypair (public_key, secret_key) == 0);
    CHECK (std::strlen (public_key) == 40);
    CHECK (std::strlen (secret_key) == 40);
    CHECK (zmq_curve_public (derived, secret_key) == 0);
    CHECK (std::string (derived) == public_key);
    // The pair of RFC 26's test implementations.
    CHECK (zmq_curve_public (derived, "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs") == 0);
    CHECK (std::string (derived) == "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID");
    for (const char *wrong : {"", "abcde", "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%c", "~:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs",
                              "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%csD:)Q["})
    {
        errno = 0;
        CHECK (zmq_curve_public (derived, wrong) == -1);
        CHECK (errno == EINVAL);
    }
    CHECK (zmq_curve_keypair (nullptr, secret_key) == -1);
    CHECK (errno == EFAULT);
    CHECK (zmq_curve_public (nullptr, secret_key) == -1);
    CHECK (zmq_curve_public (derived, nullptr) == -1);
#else
    CHECK (zmq_curve_keypair (public_key, secret_key) == -1);
    CHECK (errno == ENOTSUP);
    CHECK (zmq_curve_public (derived, secret_key) == -1);
    CHECK (errno == ENOTSUP);
#endif
}
