package dev.weft.gateway.jwt;

import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;

/** How a token may be signed (RFC 7518, 3.1). There are no others: neither {@code none} nor HMAC. */
enum Algorithm {
    /** RSASSA-PKCS1-v1_5 with SHA-256. */
    RS256("SHA256withRSA", 0),

    /** ECDSA on P-256 with SHA-256; the signature is the two numbers, one behind the other. */
    ES256("SHA256withECDSAinP1363Format", 64);

    private final String name;
    private final int signatureBytes;

    /**
     * @param signatureBytes 0 if the key says it
     */
    Algorithm(String name, int signatureBytes) {
        this.name = name;
        this.signatureBytes = signatureBytes;
    }

    /** Whether the holder of the key's other half signed this. */
    boolean verifies(PublicKey key, byte[] signed, byte[] signature) {
        if (signatureBytes > 0 && signature.length != signatureBytes) return false;
        try {
            var verifier = Signature.getInstance(name);
            verifier.initVerify(key);
            verifier.update(signed);
            return verifier.verify(signature);
        } catch (SignatureException e) {
            return false;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK cannot verify " + this, e);
        }
    }
}
