#include "tls.h"

#include <arpa/inet.h>
#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

bool tls_available(void)
{
	return true;
}

void tls_prepare(bool needed)
{
#ifdef PROBECTL_STATIC
	/* There libcurl leaves OpenSSL alone until the first handshake. */
	if (!needed)
		return;
#else
	(void)needed;
#endif
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ADD_ALL_CIPHERS |
				OPENSSL_INIT_NO_ADD_ALL_DIGESTS | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS |
				OPENSSL_INIT_NO_ATEXIT,
			    NULL);
	/* But these three have to be found by number, to tell how strong a certificate's signature is. */
	EVP_add_digest(EVP_sha256());
	EVP_add_digest(EVP_sha384());
	EVP_add_digest(EVP_sha512());
}

/* A key with a passphrase would be asked for on the terminal. */
static int no_passphrase(char *text, int size, int writing, void *context)
{
	(void)text;
	(void)size;
	(void)writing;
	(void)context;
	return -1;
}

/* What there is of certificates in a text. */
enum pem { PEM_NONE, PEM_REFUSED, PEM_TAKEN };

/* Whether libcurl can trust what is in the text: that takes all of it or nothing. */
static enum pem look_at_trust(struct slice pem)
{
	BIO *memory = BIO_new_mem_buf(pem.at, (int)pem.length);
	STACK_OF(X509_INFO) *found = memory ? PEM_X509_INFO_read_bio(memory, NULL, no_passphrase, NULL) : NULL;
	enum pem state = found ? PEM_NONE : PEM_REFUSED;

	for (int i = 0; i < sk_X509_INFO_num(found); i++)
		if (sk_X509_INFO_value(found, i)->x509)
			state = PEM_TAKEN;
	sk_X509_INFO_pop_free(found, X509_INFO_free);
	BIO_free(memory);
	return state;
}

/* Puts the first certificate and the chain behind it where libcurl will: a weak key or signature is refused there. */
static enum pem use_chain(SSL_CTX *context, struct slice pem)
{
	BIO *memory = BIO_new_mem_buf(pem.at, (int)pem.length);
	X509 *one = memory ? PEM_read_bio_X509_AUX(memory, NULL, no_passphrase, NULL) : NULL;
	bool none = !one, fine = one && SSL_CTX_use_certificate(context, one) == 1;

	X509_free(one);
	while (fine && (one = PEM_read_bio_X509(memory, NULL, no_passphrase, NULL))) {
		fine = SSL_CTX_add1_chain_cert(context, one) == 1;
		X509_free(one);
	}
	BIO_free(memory);
	/* What ended it was the text's end, or what is no certificate though it says so. */
	bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
	return none && ended ? PEM_NONE : fine && ended ? PEM_TAKEN : PEM_REFUSED;
}

static EVP_PKEY *read_key(struct slice pem)
{
	BIO *memory = BIO_new_mem_buf(pem.at, (int)pem.length);
	EVP_PKEY *key = memory ? PEM_read_bio_PrivateKey(memory, NULL, no_passphrase, NULL) : NULL;

	BIO_free(memory);
	return key;
}

int tls_library_check_files(const struct spec *spec, struct error *error)
{
	static const char none[] = "holds no certificate in PEM form";
	int status = -1;

	tls_prepare(true);
	SSL_CTX *context = spec->cert ? SSL_CTX_new(TLS_client_method()) : NULL;
	enum pem ca = spec->cacert ? look_at_trust(spec->cacert_pem) : PEM_TAKEN;
	enum pem chain = context ? use_chain(context, spec->cert_pem) : PEM_TAKEN;
	EVP_PKEY *key = spec->cert ? read_key(spec->key ? spec->key_pem : spec->cert_pem) : NULL;
	if (spec->cert && !context)
		error_set(error, "--cert %s: no memory to look at it", value_quote(spec->cert).text);
	else if (ca != PEM_TAKEN)
		error_set(error, "--cacert %s: %s", value_quote(spec->cacert).text,
			  ca == PEM_NONE ? none : "holds a certificate that is broken");
	else if (chain != PEM_TAKEN)
		error_set(error, "--cert %s: %s", value_quote(spec->cert).text,
			  chain == PEM_NONE ? none
					    : "holds a certificate that is broken, or whose key or signature is too "
					      "weak");
	else if (spec->cert && !key && !spec->key)
		error_set(error, "--cert %s: holds no private key without a passphrase: give it with --key",
			  value_quote(spec->cert).text);
	else if (spec->cert && !key)
		error_set(error, "--key %s: holds no private key in PEM form without a passphrase",
			  value_quote(spec->key).text);
	else if (spec->cert && X509_check_private_key(SSL_CTX_get0_certificate(context), key) != 1)
		error_set(error, "--key %s: does not belong to the certificate of --cert",
			  value_quote(spec->key ? spec->key : spec->cert).text);
	else
		status = 0;
	ERR_clear_error();
	EVP_PKEY_free(key);
	SSL_CTX_free(context);
	return status;
}

/* Says good-bye, once. Returns false where that cannot be done. */
static bool say_good_bye(SSL *ssl, int fd)
{
	if (!ssl || SSL_get_shutdown(ssl) & SSL_SENT_SHUTDOWN)
		return ssl != NULL;
	/* libcurl's own BIO writes only while libcurl is at work. */
	BIO *direct = BIO_new_socket(fd, BIO_NOCLOSE);
	if (!direct)
		return false;
	SSL_set_bio(ssl, direct, direct);
	SSL_shutdown(ssl);
	return true;
}

void tls_library_hear_out(struct tls_session *session, int fd, const struct deadline *deadline)
{
	struct pollfd readable = {.fd = fd, .events = POLLIN};
	SSL *ssl = session->library;
	char bytes[4096];

	if (!say_good_bye(ssl, fd))
		return;
	while (!session->content && !deadline_over(deadline)) {
		int count = SSL_read(ssl, bytes, sizeof bytes);
		if (count <= 0 && (SSL_get_error(ssl, count) != SSL_ERROR_WANT_READ ||
				   deadline_poll(deadline, &readable, 1, DEADLINE_NEVER) < 0))
			break;
	}
	ERR_clear_error();
}

void tls_library_close(struct tls_session *session, int fd)
{
	say_good_bye(session->library, fd);
	session->library = NULL;
	ERR_clear_error();
}

/* A name as "CN = localhost, O = Example". */
static void copy_name(char *text, size_t size, const X509_NAME *name)
{
	BIO *memory = BIO_new(BIO_s_mem());
	char *bytes;

	if (memory && X509_NAME_print_ex(memory, name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB) >= 0) {
		long length = BIO_get_mem_data(memory, &bytes);
		snprintf(text, size, "%.*s", (int)length, bytes);
	}
	BIO_free(memory);
}

/* The names that it is for, a wrong one among them being what a person looks for. */
static void copy_alternative_names(char *text, size_t size, const X509 *certificate)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	size_t used = 0;

	for (int i = 0; i < sk_GENERAL_NAME_num(names) && used < size - 1; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		const char *comma = used ? ", " : "";
		int added = 0;
		if (name->type == GEN_DNS || name->type == GEN_URI || name->type == GEN_EMAIL) {
			added = snprintf(text + used, size - used, "%s%.*s", comma, ASN1_STRING_length(name->d.ia5),
					 (const char *)ASN1_STRING_get0_data(name->d.ia5));
		} else if (name->type == GEN_IPADD) {
			char ip[INET6_ADDRSTRLEN] = "?";
			int length = ASN1_STRING_length(name->d.iPAddress);
			if (length == 4 || length == 16)
				inet_ntop(length == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(name->d.iPAddress),
					  ip, sizeof ip);
			added = snprintf(text + used, size - used, "%s%s", comma, ip);
		}
		used += added > 0 ? (size_t)added : 0;
	}
	GENERAL_NAMES_free(names);
}

static int64_t seconds(const ASN1_TIME *time)
{
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days = 0, rest = 0;

	if (epoch)
		ASN1_TIME_diff(&days, &rest, epoch, time);
	ASN1_TIME_free(epoch);
	return (int64_t)days * 86400 + rest;
}

static void note_certificate(struct tls_session *session, const X509 *certificate)
{
	if (!certificate || session->certificate)
		return;
	session->certificate = true;
	copy_name(session->subject, sizeof session->subject, X509_get_subject_name(certificate));
	copy_name(session->issuer, sizeof session->issuer, X509_get_issuer_name(certificate));
	copy_alternative_names(session->names, sizeof session->names, certificate);
	session->not_before = seconds(X509_get0_notBefore(certificate));
	session->not_after = seconds(X509_get0_notAfter(certificate));
}

static enum tls_problem problem_of(int error)
{
	switch (error) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return TLS_EXPIRED;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return TLS_NOT_YET_VALID;
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		return TLS_SELF_SIGNED;
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		return TLS_UNKNOWN_ISSUER;
	default:
		return TLS_OTHER;
	}
}

/* The session that is under way, and libcurl's settings for it: the connection of a redirect before this one may still
 * be there, and closes when libcurl gets to it. */
static struct tls_session *watched;
static const SSL_CTX *watched_by;

static struct tls_session *session_of(const SSL *ssl)
{
	return SSL_get_SSL_CTX(ssl) == watched_by ? watched : NULL;
}

/* Watches libcurl's verification, and changes nothing of it. */
static int watch_verification(int fine, X509_STORE_CTX *store)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_session *session = session_of(ssl);
	int error = X509_STORE_CTX_get_error(store), depth = X509_STORE_CTX_get_error_depth(store);

	if (!session)
		return fine;
	note_certificate(session, X509_STORE_CTX_get0_cert(store));
	if (!fine && session->problem == TLS_FINE && SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE) {
		enum tls_problem problem = problem_of(error);
		/* The dates in the message are the server's own certificate's; one further up has its words alone. */
		bool dates = problem == TLS_EXPIRED || problem == TLS_NOT_YET_VALID;
		session->problem = dates && depth > 0 ? TLS_OTHER : problem;
		session->problem_words = dates && depth > 0 ? "an issuer's certificate has expired or is not yet valid"
							    : X509_verify_cert_error_string(error);
	}
	return fine;
}

static void watch_handshake(const SSL *ssl, int where, int value)
{
	struct tls_session *session = session_of(ssl);

	if (!session)
		return;
	if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT) {
		/* With a mere warning, such as for a name that it does not know, a server of TLS 1.2 goes on. */
		if (value >> 8 == SSL3_AL_FATAL || (value & 0xff) == SSL_AD_CLOSE_NOTIFY)
			session->alert = value & 0xff;
	} else if (where & SSL_CB_LOOP && SSL_get_state(ssl) == TLS_ST_CR_CERT_REQ) {
		session->asked_for_certificate = true;
	} else if (where & SSL_CB_LOOP && SSL_get_state(ssl) == TLS_ST_CR_SESSION_TICKET) {
		session->content = true;
	} else if (where & SSL_CB_HANDSHAKE_DONE && !session->done) {
		const unsigned char *protocol;
		unsigned length = 0;
		X509 *certificate = SSL_get1_peer_certificate(ssl);
		session->done = true;
		session->library = session->keep ? (SSL *)(uintptr_t)ssl : NULL;
		SSL_get0_alpn_selected(ssl, &protocol, &length);
		snprintf(session->version, sizeof session->version, "%s", SSL_get_version(ssl));
		snprintf(session->cipher, sizeof session->cipher, "%s", SSL_get_cipher_name(ssl));
		snprintf(session->protocol, sizeof session->protocol, "%.*s", (int)length,
			 length ? (const char *)protocol : "");
		note_certificate(session, certificate);
		X509_free(certificate);
	}
}

static CURLcode observe(CURL *easy, void *context, void *argument)
{
	struct tls_session *session = argument;

	(void)easy;
	watched = session;
	watched_by = context;
	SSL_CTX_set_verify(context, SSL_CTX_get_verify_mode(context), watch_verification);
	SSL_CTX_set_info_callback(context, watch_handshake);
	SSL_CTX_set_default_passwd_cb(context, no_passphrase);
	/* As Go's client: a server that closes without close_notify has ended its answer. */
	SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
	return CURLE_OK;
}

void tls_library_observe(CURL *easy, struct tls_session *session)
{
	curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, observe);
	curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, session);
}

void tls_library_forget(void)
{
	watched = NULL;
	watched_by = NULL;
}
