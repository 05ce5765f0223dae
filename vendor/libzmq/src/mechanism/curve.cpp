// CURVE (RFC 25, 26): both ends prove that they know their long-term secret keys and agree on a key of this connection alone. Afterwards
// a CurveCipher has the frames.
//
// HELLO, WELCOME with a cookie, INITIATE with the client's long-term key and metadata, READY with the server's metadata. In names as in the
// RFC: C, c are the client's long-term public and secret key, S, s the server's; C', c', S', s' those of this connection. Who is the
// server is an option, whoever binds.
#include "mechanism/curve.hpp"

#if defined ZMQ_HAVE_LIBSODIUM

#    include <cerrno>
#    include <cstring>
#    include <new>

#    include <sodium.h>
#    include <zmq.h>

#    include "mechanism/curve_cipher.hpp"
#    include "mechanism/mechanism_base.hpp"

namespace engine {

namespace {

constexpr std::size_t key_size = crypto_box_PUBLICKEYBYTES;
constexpr std::size_t box_overhead = crypto_box_MACBYTES;
constexpr std::size_t short_nonce_size = 8;
constexpr std::size_t long_nonce_size = 16;

constexpr std::size_t cookie_size = long_nonce_size + box_overhead + 2 * key_size;
constexpr std::size_t vouch_size = box_overhead + 2 * key_size;

// HELLO: name, version 1.0, zeros, C', short nonce, box of zeros.
constexpr std::size_t hello_version_at = hello_command.size ();
constexpr std::size_t hello_key_at = hello_version_at + 2 + 72;
constexpr std::size_t hello_nonce_at = hello_key_at + key_size;
constexpr std::size_t hello_box_at = hello_nonce_at + short_nonce_size;
constexpr std::size_t hello_text_size = 64;
constexpr std::size_t hello_size = hello_box_at + box_overhead + hello_text_size;
static_assert (hello_size == 200);

// WELCOME: name, long nonce, box of S' and cookie.
constexpr std::size_t welcome_nonce_at = welcome_command.size ();
constexpr std::size_t welcome_box_at = welcome_nonce_at + long_nonce_size;
constexpr std::size_t welcome_size = welcome_box_at + box_overhead + key_size + cookie_size;
static_assert (welcome_size == 168);

// INITIATE: name, cookie, short nonce, box of C, vouch with its nonce, metadata.
constexpr std::size_t initiate_cookie_at = initiate_command.size ();
constexpr std::size_t initiate_nonce_at = initiate_cookie_at + cookie_size;
constexpr std::size_t initiate_box_at = initiate_nonce_at + short_nonce_size;
constexpr std::size_t initiate_metadata_at = key_size + long_nonce_size + vouch_size;  // within the box
constexpr std::size_t initiate_least_size = initiate_box_at + box_overhead + initiate_metadata_at;
static_assert (initiate_least_size == 257);

// READY: name, short nonce, box of metadata.
constexpr std::size_t ready_nonce_at = ready_command.size ();
constexpr std::size_t ready_box_at = ready_nonce_at + short_nonce_size;
constexpr std::size_t ready_least_size = ready_box_at + box_overhead;

using Nonce = std::array<std::uint8_t, crypto_box_NONCEBYTES>;
using Bytes = std::vector<std::uint8_t>;
using Span = std::span<const std::uint8_t>;

// A text and what of the nonce is on the wire.
Nonce make_nonce (std::string_view text, Span from_wire)
{
    Nonce nonce;
    std::memcpy (nonce.data (), text.data (), text.size ());
    std::memcpy (nonce.data () + text.size (), from_wire.data (), from_wire.size ());
    return nonce;
}

void put_short (std::uint8_t *at, std::uint64_t value) noexcept
{
    for (int byte = 7; byte >= 0; --byte, value >>= 8)
        at[byte] = static_cast<std::uint8_t> (value);
}

std::uint64_t get_short (const std::uint8_t *at) noexcept
{
    std::uint64_t value = 0;
    for (int byte = 0; byte < 8; ++byte)
        value = value << 8 | at[byte];
    return value;
}

CurveKey key_of (Span bytes)
{
    CurveKey key;
    std::memcpy (key.data (), bytes.data (), key.size ());
    return key;
}

// False: the public key is of few that make no secret.
bool agree (SecretKey &shared, const CurveKey &public_key, const SecretKey &secret_key) noexcept
{
    return crypto_box_beforenm (shared.data (), public_key.data (), secret_key.data ()) == 0;
}

void seal_box (std::uint8_t *box, Span text, const Nonce &nonce, const SecretKey &shared) noexcept
{
    static_cast<void> (crypto_box_easy_afternm (box, text.data (), text.size (), nonce.data (), shared.data ()));
}

bool open_box (std::uint8_t *text, Span box, const Nonce &nonce, const SecretKey &shared) noexcept
{
    return crypto_box_open_easy_afternm (text, box.data (), box.size (), nonce.data (), shared.data ()) == 0;
}

// Bytes that are wiped where they lay.
template <std::size_t size>
struct Secret : std::array<std::uint8_t, size>
{
    Secret () noexcept : std::array<std::uint8_t, size>{} {}
    Secret (const Secret &) = delete;
    Secret &operator= (const Secret &) = delete;
    ~Secret () { wipe (this->data (), size); }
};

struct SecretBytes : Bytes
{
    explicit SecretBytes (std::size_t size) : Bytes (size) {}
    SecretBytes (const SecretBytes &) = delete;
    SecretBytes &operator= (const SecretBytes &) = delete;
    ~SecretBytes () { wipe (data (), size ()); }
};

// Room for a command of this size, its name in place.
std::uint8_t *begin (Bytes &body, std::string_view command, std::size_t size)
{
    const std::size_t at = body.size ();
    body.resize (at + size);
    std::memcpy (body.data () + at, command.data (), command.size ());
    return body.data () + at;
}

class CurveBase : public MechanismBase
{
  public:
    CurveBase (const HandshakeConfig &config, bool as_server) : MechanismBase (config, "CURVE"), as_server_ (as_server)
    {
        crypto_box_keypair (own_public_.data (), own_secret_.data ());
    }
    std::unique_ptr<FrameCipher> take_cipher () override
    {
        return std::make_unique<CurveCipher> (session_, as_server_, own_nonce_, peer_nonce_);
    }

  protected:
    void fail_crypto () noexcept { fail_protocol (ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC); }

    const bool as_server_;
    CurveKey own_public_{};  // of this connection, like all that is kept here
    SecretKey own_secret_;
    CurveKey peer_public_{};
    SecretKey hello_;    // agreed on with the server's long-term key
    SecretKey session_;  // agreed on between the keys of this connection
    std::uint64_t own_nonce_ = 0;
    std::uint64_t peer_nonce_ = 0;
};

class CurveServer final : public CurveBase
{
  public:
    explicit CurveServer (const HandshakeConfig &config) : CurveBase (config, true) {}

    bool next_command (Bytes &body) override
    {
        if (status () == Status::refused)
            return next_error (body);
        if (status () != Status::handshaking)
            return false;
        if (stage_ == Stage::welcome) {
            produce_welcome (body);
            stage_ = Stage::expect_initiate;
            return true;
        }
        if (stage_ == Stage::ready) {
            produce_ready (body);
            set_ready ();
            return true;
        }
        return false;
    }

    void process_command (Span body) override
    {
        if (status () != Status::handshaking)
            return;
        switch (stage_) {
        case Stage::expect_hello:
            return process_hello (body);
        case Stage::expect_initiate:
            return process_initiate (body);
        case Stage::welcome:
        case Stage::ready:
            return fail_protocol (ZMQ_PROTOCOL_ERROR_ZMTP_UNSPECIFIED);
        }
    }

    std::size_t command_limit () const noexcept override { return stage_ == Stage::expect_hello ? most_without : most_metadata; }

  private:
    enum class Stage
    {
        expect_hello,
        welcome,
        expect_initiate,
        ready
    };

    void process_hello (Span body)
    {
        if (!has_command_string (body))
            return fail_protocol (ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED);
        if (!is_command (body, hello_command))
            return fail_protocol (ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND);
        if (body.size () != hello_size || body[hello_version_at] != 1 || body[hello_version_at + 1] != 0)
            return fail_protocol (ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_HELLO);
        peer_public_ = key_of (body.subspan (hello_key_at));
        const Span short_nonce = body.subspan (hello_nonce_at, short_nonce_size);
        Secret<hello_text_size> text;
        if (!agree (hello_, peer_public_, config_.curve_secretkey) ||
            !open_box (text.data (), body.subspan (hello_box_at), make_nonce ("CurveZMQHELLO---", short_nonce), hello_))
            return fail_crypto ();
        peer_nonce_ = get_short (short_nonce.data ());
        stage_ = Stage::welcome;
    }

    void produce_welcome (Bytes &body)
    {
        std::uint8_t *const command = begin (body, welcome_command, welcome_size);
        randombytes_buf (command + welcome_nonce_at, long_nonce_size);
        // The cookie says nothing that we do not remember; its key is of this connection alone.
        Secret<key_size + cookie_size> text;
        std::memcpy (text.data (), own_public_.data (), key_size);
        std::uint8_t *const cookie = text.data () + key_size;
        randombytes_buf (cookie_key_.data (), cookie_key_.size ());
        randombytes_buf (cookie, long_nonce_size);
        Secret<2 * key_size> kept;
        fill_cookie (kept);
        const Nonce cookie_nonce = make_nonce ("COOKIE--", {cookie, long_nonce_size});
        static_cast<void> (
          crypto_secretbox_easy (cookie + long_nonce_size, kept.data (), kept.size (), cookie_nonce.data (), cookie_key_.data ()));
        seal_box (command + welcome_box_at, text, make_nonce ("WELCOME-", {command + welcome_nonce_at, long_nonce_size}), hello_);
    }

    void fill_cookie (Secret<2 * key_size> &kept) const
    {
        std::memcpy (kept.data (), peer_public_.data (), key_size);
        std::memcpy (kept.data () + key_size, own_secret_.data (), key_size);
    }

    bool good_cookie (Span cookie) const
    {
        Secret<2 * key_size> kept, found;
        fill_cookie (kept);
        const Nonce nonce = make_nonce ("COOKIE--", cookie.first (long_nonce_size));
        const Span box = cookie.subspan (long_nonce_size);
        return crypto_secretbox_open_easy (found.data (), box.data (), box.size (), nonce.data (), cookie_key_.data ()) == 0 &&
               sodium_memcmp (found.data (), kept.data (), kept.size ()) == 0;
    }

    void process_initiate (Span body)
    {
        if (!has_command_string (body))
            return fail_protocol (ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED);
        if (!is_command (body, initiate_command))
            return fail_protocol (ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND);
        if (body.size () < initiate_least_size)
            return fail_protocol (ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_INITIATE);
        if (!good_cookie (body.subspan (initiate_cookie_at, cookie_size)))
            return fail_crypto ();
        const Span short_nonce = body.subspan (initiate_nonce_at, short_nonce_size);
        const Span box = body.subspan (initiate_box_at);
        SecretBytes text (box.size () - box_overhead);
        if (!agree (session_, peer_public_, own_secret_) ||
            !open_box (text.data (), box, make_nonce ("CurveZMQINITIATE", short_nonce), session_))
            return fail_crypto ();
        // The vouch: who has the long-term key says that the connection's is his, and meant for us.
        const Span content (text);
        const CurveKey client = key_of (content);
        const Span vouch = content.subspan (key_size + long_nonce_size, vouch_size);
        SecretKey vouch_key;
        Secret<2 * key_size> vouched;
        if (!agree (vouch_key, client, own_secret_) ||
            !open_box (vouched.data (), vouch, make_nonce ("VOUCH---", content.subspan (key_size, long_nonce_size)), vouch_key))
            return fail_crypto ();
        const CurveKey server = config_.curve_own_key ? *config_.curve_own_key : curve_public_key (config_.curve_secretkey);
        if (sodium_memcmp (vouched.data (), peer_public_.data (), key_size) != 0 ||
            sodium_memcmp (vouched.data () + key_size, server.data (), key_size) != 0)
            return fail_protocol (ZMQ_PROTOCOL_ERROR_ZMTP_KEY_EXCHANGE);
        peer_nonce_ = get_short (short_nonce.data ());
        if (!take_properties (content.subspan (initiate_metadata_at)))
            return fail_silently ();
        stage_ = Stage::ready;
        if (config_.zap_domain.empty () && config_.zap_enforce_domain)
            return;  // nobody is to be asked
        ask_zap ({std::string (client.begin (), client.end ())}, config_.zap_enforce_domain ? Unasked::sent_away : Unasked::let_in);
    }

    void produce_ready (Bytes &body)
    {
        Bytes metadata;
        append_own_properties (metadata, config_);
        std::uint8_t *const command = begin (body, ready_command, ready_least_size + metadata.size ());
        put_short (command + ready_nonce_at, ++own_nonce_);
        seal_box (command + ready_box_at, metadata, make_nonce ("CurveZMQREADY---", {command + ready_nonce_at, short_nonce_size}),
                  session_);
    }

    void admitted () override {}

    Stage stage_ = Stage::expect_hello;
    SecretKey cookie_key_;
};

class CurveClient final : public CurveBase
{
  public:
    explicit CurveClient (const HandshakeConfig &config) : CurveBase (config, false)
    {
        if (!agree (hello_, config.curve_serverkey, own_secret_))
            fail_crypto ();  // the server's key is none: mostly it was not set
    }

    bool next_command (Bytes &body) override
    {
        if (status () != Status::handshaking)
            return false;
        if (stage_ == Stage::hello) {
            produce_hello (body);
            stage_ = Stage::expect_welcome;
            return true;
        }
        if (stage_ == Stage::initiate) {
            produce_initiate (body);
            stage_ = Stage::expect_ready;
            return status () != Status::failed;
        }
        return false;
    }

    void process_command (Span body) override
    {
        if (status () != Status::handshaking)
            return;
        const bool expects = stage_ == Stage::expect_welcome || stage_ == Stage::expect_ready;
        if (expects && is_command (body, error_command))
            return fail (failure_of_error_command (body.subspan (error_command.size ())));
        if (stage_ == Stage::expect_welcome && is_command (body, welcome_command))
            return process_welcome (body);
        if (stage_ == Stage::expect_ready && is_command (body, ready_command))
            return process_ready (body);
        fail_protocol (ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND);
    }

    std::size_t command_limit () const noexcept override { return stage_ == Stage::expect_ready ? most_metadata : most_without; }

  private:
    enum class Stage
    {
        hello,
        expect_welcome,
        initiate,
        expect_ready
    };

    void produce_hello (Bytes &body)
    {
        std::uint8_t *const command = begin (body, hello_command, hello_size);
        command[hello_version_at] = 1;
        std::memcpy (command + hello_key_at, own_public_.data (), key_size);
        put_short (command + hello_nonce_at, ++own_nonce_);
        const std::array<std::uint8_t, hello_text_size> zeros{};
        seal_box (command + hello_box_at, zeros, make_nonce ("CurveZMQHELLO---", {command + hello_nonce_at, short_nonce_size}), hello_);
    }

    void process_welcome (Span body)
    {
        Secret<key_size + cookie_size> text;
        if (body.size () != welcome_size || !open_box (text.data (), body.subspan (welcome_box_at),
                                                       make_nonce ("WELCOME-", body.subspan (welcome_nonce_at, long_nonce_size)), hello_))
            return fail_crypto ();
        peer_public_ = key_of (text);
        std::memcpy (cookie_.data (), text.data () + key_size, cookie_size);
        if (!agree (session_, peer_public_, own_secret_))
            return fail_crypto ();
        stage_ = Stage::initiate;
    }

    void produce_initiate (Bytes &body)
    {
        SecretKey vouch_key;
        if (!agree (vouch_key, peer_public_, config_.curve_secretkey))
            return fail_crypto ();
        Bytes metadata;
        append_own_properties (metadata, config_);
        SecretBytes text (initiate_metadata_at + metadata.size ());
        std::memcpy (text.data (), config_.curve_publickey.data (), key_size);
        std::uint8_t *const vouch_nonce = text.data () + key_size;
        randombytes_buf (vouch_nonce, long_nonce_size);
        Secret<2 * key_size> vouched;
        std::memcpy (vouched.data (), own_public_.data (), key_size);
        std::memcpy (vouched.data () + key_size, config_.curve_serverkey.data (), key_size);
        seal_box (vouch_nonce + long_nonce_size, vouched, make_nonce ("VOUCH---", {vouch_nonce, long_nonce_size}), vouch_key);
        if (!metadata.empty ())
            std::memcpy (text.data () + initiate_metadata_at, metadata.data (), metadata.size ());

        std::uint8_t *const command = begin (body, initiate_command, initiate_box_at + box_overhead + text.size ());
        std::memcpy (command + initiate_cookie_at, cookie_.data (), cookie_size);
        put_short (command + initiate_nonce_at, ++own_nonce_);
        seal_box (command + initiate_box_at, text, make_nonce ("CurveZMQINITIATE", {command + initiate_nonce_at, short_nonce_size}),
                  session_);
    }

    void process_ready (Span body)
    {
        if (body.size () < ready_least_size)
            return fail_protocol (ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_READY);
        const Span short_nonce = body.subspan (ready_nonce_at, short_nonce_size);
        const Span box = body.subspan (ready_box_at);
        SecretBytes metadata (box.size () - box_overhead);
        if (!open_box (metadata.data (), box, make_nonce ("CurveZMQREADY---", short_nonce), session_))
            return fail_crypto ();
        peer_nonce_ = get_short (short_nonce.data ());
        if (!take_properties (metadata))
            return fail_protocol (ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_METADATA);
        set_ready ();
    }

    void admitted () override {}

    Stage stage_ = Stage::hello;
    std::array<std::uint8_t, cookie_size> cookie_{};
};

}  // namespace

namespace {

// Once, by whichever thread comes first.
bool sodium_ready () noexcept
{
    static const bool ready = sodium_init () >= 0;
    return ready;
}

}  // namespace

CurveKey curve_public_key (const CurveKey &secret) noexcept
{
    static_cast<void> (sodium_ready ());
    CurveKey key;
    static_cast<void> (crypto_scalarmult_base (key.data (), secret.data ()));
    return key;
}

std::unique_ptr<Mechanism> make_curve (const HandshakeConfig &config)
{
    if (!sodium_ready ())
        throw std::bad_alloc ();  // the system gives no random numbers
    if (config.as_server)
        return std::make_unique<CurveServer> (config);
    return std::make_unique<CurveClient> (config);
}

}  // namespace engine

#else

namespace engine {

CurveKey curve_public_key (const CurveKey &) noexcept { return {}; }

}  // namespace engine

#endif
