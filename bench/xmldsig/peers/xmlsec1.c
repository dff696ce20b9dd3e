/* Verifies DOCUMENT by the xmlsec library with the public key in KEY, again and again for SPAN microseconds of processor
 * time, and prints what one verification took and the most memory there ever was. See bench/README.md. */

#include <libxml/parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <xmlsec/crypto.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/xmltree.h>

static void refuse(const char *reason) {
    printf("refused %s\n", reason);
    exit(0);
}

static double processor_time(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

static double peak(void) {
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    long kilobytes = 0;
    while (status && fgets(line, sizeof line, status))
        if (sscanf(line, "VmHWM: %ld", &kilobytes) == 1) break;
    if (status) fclose(status);
    return kilobytes * 1024.0;
}

static void once(const char *file, xmlSecKeyPtr key) {
    static const xmlChar *identifiers[] = {BAD_CAST "Id", BAD_CAST "ID", BAD_CAST "id", NULL};
    xmlDocPtr document = xmlReadFile(file, NULL, XML_PARSE_NONET | XML_PARSE_HUGE | XML_PARSE_NOENT);
    if (!document) refuse("it cannot be parsed");
    xmlNodePtr root = xmlDocGetRootElement(document);
    xmlSecAddIDs(document, root, identifiers);
    xmlNodePtr signature = xmlSecFindNode(root, xmlSecNodeSignature, xmlSecDSigNs);
    if (!signature) refuse("no signature was found");
    xmlSecDSigCtxPtr context = xmlSecDSigCtxCreate(NULL);
    if (!context) refuse("there is no context");
    context->signKey = xmlSecKeyDuplicate(key);
    if (xmlSecDSigCtxVerify(context, signature) < 0) refuse("an error");
    if (context->status != xmlSecDSigStatusSucceeded) refuse("not valid");
    xmlSecDSigCtxDestroy(context);
    xmlFreeDoc(document);
}

int main(int count, char **words) {
    if (count != 4) return 2;
    double span = atof(words[3]);
    xmlInitParser();
    if (xmlSecInit() < 0 || xmlSecCryptoAppInit(NULL) < 0 || xmlSecCryptoInit() < 0) refuse("it does not start");
    xmlSecKeyPtr key = xmlSecCryptoAppKeyLoad(words[2], xmlSecKeyDataFormatDer, NULL, NULL, NULL);
    if (!key) refuse("the key cannot be read");

    double begin = processor_time();
    once(words[1], key);
    double warm = processor_time(), spent = warm - begin;
    long verifications = 1;
    if (spent < span) {
        verifications = 0;
        do {
            once(words[1], key);
            verifications++;
            spent = processor_time() - warm;
        } while (spent < span);
    }
    printf("took %f %f\n", spent / verifications, peak());
    return 0;
}
