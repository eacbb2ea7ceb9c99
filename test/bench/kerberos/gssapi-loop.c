/*
 * One Negotiate token after another by MIT's GSS-API, as fast as a C program can: name and credentials are acquired
 * once, then gss_init_sec_context for SPNEGO and nothing else.
 *
 *     gssapi-loop SERVICE@HOST FILE
 *     gssapi-loop SERVICE@HOST MEMORY [USERS]
 *
 * The ticket lies in the credential cache of KRB5CCNAME; with MEMORY it is copied into caches in memory first, one for each
 * user, and tokens are made of all of them in turns, in no order. Reads lines "COUNT BINDING" (BINDING: application data
 * in hexadecimal, or "-"), answers each with "WALL_NANOSECONDS CPU_NANOSECONDS OCTETS"; "token" answers a token in
 * hexadecimal. Says "ready" first. Ends at the end of input.
 */
#define _GNU_SOURCE
#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static gss_OID_desc spnego = {6, "\x2b\x06\x01\x05\x05\x02"};

static void fail(const char *what, OM_uint32 major, OM_uint32 minor)
{
    OM_uint32 ignored, more = 0;
    gss_buffer_desc text;
    fprintf(stderr, "%s:", what);
    gss_display_status(&ignored, major, GSS_C_GSS_CODE, GSS_C_NO_OID, &more, &text);
    fprintf(stderr, " %.*s", (int)text.length, (char *)text.value);
    more = 0;
    gss_display_status(&ignored, minor, GSS_C_MECH_CODE, (gss_OID)gss_mech_krb5, &more, &text);
    fprintf(stderr, " %.*s\n", (int)text.length, (char *)text.value);
    exit(1);
}

static void need(const char *what, krb5_error_code code)
{
    if (code == 0) return;
    fprintf(stderr, "%s: error %ld\n", what, (long)code);
    exit(1);
}

/* Whose tokens are made, in the order in which they are. */
static gss_cred_id_t *credentials;
static long users = 1, next_user = 0;

/* cache: its name; NULL: the one of KRB5CCNAME. */
static gss_cred_id_t acquire(const char *cache)
{
    OM_uint32 major, minor;
    gss_cred_id_t credential;
    gss_OID_set_desc mechanisms = {1, &spnego};
    gss_key_value_element_desc element = {"ccache", cache};
    gss_key_value_set_desc store = {1, &element};
    major = gss_acquire_cred_from(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &mechanisms, GSS_C_INITIATE,
                                  cache == NULL ? GSS_C_NO_CRED_STORE : &store, &credential, NULL, NULL);
    if (GSS_ERROR(major)) fail("gss_acquire_cred_from", major, minor);
    return credential;
}

/* The library opens a cache in memory by its name, as it does a file. */
static void acquire_from_memory(void)
{
    krb5_context context;
    krb5_ccache file, memory;
    krb5_principal principal;
    char name[64];
    long user, other;
    need("krb5_init_context", krb5_init_context(&context));
    need("krb5_cc_default", krb5_cc_default(context, &file));
    need("krb5_cc_get_principal", krb5_cc_get_principal(context, file, &principal));
    for (user = 0; user < users; user++) {
        snprintf(name, sizeof name, "MEMORY:sallyport-bench-%ld", user);
        need("krb5_cc_resolve", krb5_cc_resolve(context, name, &memory));
        need("krb5_cc_initialize", krb5_cc_initialize(context, memory, principal));
        need("krb5_cc_copy_creds", krb5_cc_copy_creds(context, file, memory));
        other = random() % (user + 1);
        credentials[user] = credentials[other];
        credentials[other] = acquire(name);
    }
}

static double seconds_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* NULL: no channel binding. */
static gss_channel_bindings_t parse_binding(const char *hex)
{
    static struct gss_channel_bindings_struct binding;
    static unsigned char data[512];
    size_t length = strlen(hex) / 2, at;
    if (strcmp(hex, "-") == 0 || length > sizeof data) return GSS_C_NO_CHANNEL_BINDINGS;
    for (at = 0; at < length; at++) sscanf(hex + 2 * at, "%2hhx", &data[at]);
    memset(&binding, 0, sizeof binding);
    binding.application_data.length = length;
    binding.application_data.value = data;
    return &binding;
}

static gss_buffer_desc make_token(gss_name_t target, gss_channel_bindings_t binding)
{
    OM_uint32 major, minor, ignored;
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;
    gss_buffer_desc token = GSS_C_EMPTY_BUFFER;
    gss_cred_id_t credential = credentials[next_user];
    next_user = (next_user + 1) % users;
    major = gss_init_sec_context(&minor, credential, &context, target, &spnego, GSS_C_MUTUAL_FLAG, 0,
                                 binding, GSS_C_NO_BUFFER, NULL, &token, NULL, NULL);
    if (GSS_ERROR(major)) fail("gss_init_sec_context", major, minor);
    gss_delete_sec_context(&ignored, &context, GSS_C_NO_BUFFER);
    return token;
}

static void measure(gss_name_t target, const char *line)
{
    OM_uint32 ignored;
    char hex[1025] = "-";
    long count = 0, done;
    size_t octets = 0;
    double wall, cpu;
    sscanf(line, "%ld %1024s", &count, hex);
    gss_channel_bindings_t binding = parse_binding(hex);
    wall = seconds_of(CLOCK_MONOTONIC);
    cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    for (done = 0; done < count; done++) {
        gss_buffer_desc token = make_token(target, binding);
        octets = token.length;
        gss_release_buffer(&ignored, &token);
    }
    wall = seconds_of(CLOCK_MONOTONIC) - wall;
    cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    printf("%.0f %.0f %zu\n", wall, cpu, octets);
}

static void show_token(gss_name_t target)
{
    size_t at;
    gss_buffer_desc token = make_token(target, GSS_C_NO_CHANNEL_BINDINGS);
    for (at = 0; at < token.length; at++) printf("%02x", ((unsigned char *)token.value)[at]);
    printf("\n");
}

int main(int argc, char **argv)
{
    OM_uint32 major, minor;
    gss_name_t target;
    gss_buffer_desc service;
    char line[2048];
    if (argc != 3 && argc != 4) return 2;
    if (argc == 4) users = atol(argv[3]);
    if (users < 1 || (credentials = calloc((size_t)users, sizeof *credentials)) == NULL) return 2;
    service.value = argv[1];
    service.length = strlen(argv[1]);
    major = gss_import_name(&minor, &service, GSS_C_NT_HOSTBASED_SERVICE, &target);
    if (GSS_ERROR(major)) fail("gss_import_name", major, minor);
    if (strcmp(argv[2], "MEMORY") == 0) acquire_from_memory();
    else credentials[0] = acquire(NULL);
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("ready\n");
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (strncmp(line, "token", 5) == 0) show_token(target);
        else measure(target, line);
    }
    return 0;
}
