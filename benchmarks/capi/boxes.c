/* What CURVE's cryptography costs by itself: `boxes LIBSODIUM SIZE...`, such as `boxes libsodium.so.23 10 1024 65536`.
 *
 * For each size the nanoseconds of sealing and of opening one box with keys agreed on before, in memory that stays in the cache: what no
 * message of CURVE can be faster than as long as libsodium makes its boxes. And the microseconds of one agreement, of which a handshake
 * takes three or four an end. The library is loaded by name, so that two can be compared: cc -O2 boxes.c -o boxes -ldl. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef int box_function (unsigned char *out, const unsigned char *in, unsigned long long size, const unsigned char *nonce,
                          const unsigned char *key);
typedef int agree_function (unsigned char *shared, const unsigned char *public_key, const unsigned char *secret_key);
typedef int pair_function (unsigned char *public_key, unsigned char *secret_key);
typedef const char *version_function (void);

enum
{
    MAC_SIZE = 16,
    NONCE_SIZE = 24,
    KEY_SIZE = 32,
    ROUNDS = 5
};

static double now (void)
{
    struct timespec t;
    clock_gettime (CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + (double) t.tv_nsec * 1e-9;
}

static void *symbol (void *library, const char *name)
{
    void *const found = dlsym (library, name);
    if (!found) {
        fprintf (stderr, "%s\n", dlerror ());
        exit (1);
    }
    return found;
}

/* The least of some rounds, since other programs only add. */
static double least (double best, double time) { return best == 0 || time < best ? time : best; }

int main (int argc, char **argv)
{
    if (argc < 3) {
        fprintf (stderr, "usage: boxes LIBSODIUM SIZE...\n");
        return 2;
    }
    void *const library = dlopen (argv[1], RTLD_NOW);
    if (!library) {
        fprintf (stderr, "%s\n", dlerror ());
        return 1;
    }
    int (*const init) (void) = (int (*) (void)) symbol (library, "sodium_init");
    version_function *const version = (version_function *) symbol (library, "sodium_version_string");
    pair_function *const make_pair = (pair_function *) symbol (library, "crypto_box_keypair");
    agree_function *const agree = (agree_function *) symbol (library, "crypto_box_beforenm");
    box_function *const seal = (box_function *) symbol (library, "crypto_box_easy_afternm");
    box_function *const open = (box_function *) symbol (library, "crypto_box_open_easy_afternm");
    unsigned char public_key[KEY_SIZE], secret_key[KEY_SIZE], shared[KEY_SIZE], nonce[NONCE_SIZE] = {0};
    if (init () < 0 || make_pair (public_key, secret_key) != 0)
        return 1;

    enum
    {
        AGREEMENTS = 200
    };
    double agreeing = 0;
    for (int round = 0; round < ROUNDS; round++) {
        const double began = now ();
        for (int i = 0; i < AGREEMENTS; i++)
            if (agree (shared, public_key, secret_key) != 0)
                return 1;
        agreeing = least (agreeing, (now () - began) / AGREEMENTS);
    }
    printf ("libsodium %s: agreement %.1f us\n", version (), agreeing * 1e6);

    for (int i = 2; i < argc; i++) {
        const size_t size = strtoul (argv[i], NULL, 10);
        unsigned char *const text = calloc (1, size + 1), *const box = malloc (size + MAC_SIZE);
        if (!text || !box)
            return 1;
        const int count = (int) (20 * 1000 * 1000 / (size + 1000));
        double sealing = 0, opening = 0;
        for (int round = 0; round < ROUNDS; round++) {
            double began = now ();
            for (int k = 0; k < count; k++)
                seal (box, text, size, nonce, shared);
            sealing = least (sealing, (now () - began) / count);
            began = now ();
            for (int k = 0; k < count; k++)
                if (open (text, box, size + MAC_SIZE, nonce, shared) != 0)
                    return 1;
            opening = least (opening, (now () - began) / count);
        }
        printf ("%zu B: seal %.0f ns, open %.0f ns, so at most %.0f a second\n", size, sealing * 1e9, opening * 1e9,
                1 / (sealing > opening ? sealing : opening));
        free (text);
        free (box);
    }
    return 0;
}
