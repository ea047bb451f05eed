package dev.weft.events;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * What the keys of subjects are locked with in the database: the first one locks, any of them unlocks. Without one, keys lie there
 * as they are.
 *
 * <p>AES-256-GCM with a random nonce of 96 bits for each use, in front of what comes of it. A key of a subject seals far fewer than
 * the 2^32 values that NIST SP 800-38D allows for that.
 */
public final class MasterKeys {

    /** No keys. */
    public static final MasterKeys NONE = new MasterKeys(List.of());

    static final int KEY_BYTES = 32;
    private static final int NONCE_BYTES = 12;
    private static final int TAG_BITS = 128;

    /** A key with the name under which it is noted what it has locked. */
    private record Named(String name, byte[] key) {
        static Named of(byte[] key) {
            try {
                var hash = MessageDigest.getInstance("SHA-256").digest(key);
                return new Named(HexFormat.of().formatHex(hash, 0, 8), key);
            } catch (GeneralSecurityException e) {
                throw noCrypto(e);
            }
        }
    }

    private final List<Named> keys;

    private MasterKeys(List<byte[]> keys) {
        this.keys = keys.stream().map(Named::of).toList();
    }

    /**
     * Those that the environment of a process names: {@code WEFT_MASTER_KEYS}, or the file {@code WEFT_MASTER_KEYS_FILE}. {@link
     * IllegalArgumentException} naming the variable that cannot be used.
     */
    public static MasterKeys from(Map<String, String> environment) {
        var file = environment.getOrDefault("WEFT_MASTER_KEYS_FILE", "");
        if (file.isBlank()) return parse(environment.getOrDefault("WEFT_MASTER_KEYS", ""));
        try {
            return parse(Files.readString(Path.of(file)));
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "WEFT_MASTER_KEYS_FILE names " + file + ", which cannot be read: " + e, e);
        }
    }

    /**
     * Reads keys: each is the Base64 of 32 bytes, apart by blanks or ends of lines. {@link IllegalArgumentException} if one is not;
     * it does not quote it.
     */
    public static MasterKeys parse(String text) {
        var keys = new ArrayList<byte[]>();
        for (var word : text.strip().split("\\s+")) {
            if (word.isEmpty()) continue;
            byte[] key;
            try {
                key = Base64.getDecoder().decode(word);
            } catch (IllegalArgumentException e) {
                key = new byte[0];
            }
            if (key.length != KEY_BYTES)
                throw new IllegalArgumentException(
                        "a master key is the Base64 of 32 random bytes (openssl rand -base64 32);"
                                + " number "
                                + (keys.size() + 1)
                                + " is not");
            keys.add(key);
        }
        return new MasterKeys(keys);
    }

    /** The name of the key that locks; empty without one. */
    String name() {
        return keys.isEmpty() ? "" : keys.getFirst().name;
    }

    /** What is kept of a secret; see {@link #name} for what has locked it. */
    byte[] lock(byte[] secret, String about) {
        return keys.isEmpty() ? secret : encrypt(keys.getFirst().key, secret, about);
    }

    /** The secret, if the key of this name is among these; fails as {@link #decrypt}. */
    Optional<byte[]> unlock(byte[] kept, String name, String about)
            throws GeneralSecurityException {
        if (name.isEmpty()) return Optional.of(kept);
        for (var each : keys)
            if (each.name.equals(name)) return Optional.of(decrypt(each.key, kept, about));
        return Optional.empty();
    }

    static byte[] newKey() {
        return random(KEY_BYTES);
    }

    private static byte[] random(int count) {
        var bytes = new byte[count];
        try {
            SecureRandom.getInstance("NativePRNG").nextBytes(bytes);
        } catch (GeneralSecurityException e) {
            throw noCrypto(e);
        }
        return bytes;
    }

    /**
     * @param about what has to be the same when it is decrypted
     */
    static byte[] encrypt(byte[] key, byte[] plain, String about) {
        var nonce = random(NONCE_BYTES);
        try {
            var cipher = cipher(Cipher.ENCRYPT_MODE, key, nonce, about);
            var all = Arrays.copyOf(nonce, NONCE_BYTES + cipher.getOutputSize(plain.length));
            cipher.doFinal(plain, 0, plain.length, all, NONCE_BYTES);
            return all;
        } catch (GeneralSecurityException e) {
            throw noCrypto(e);
        }
    }

    /** {@link GeneralSecurityException} if it is not what was encrypted so. */
    static byte[] decrypt(byte[] key, byte[] sealed, String about) throws GeneralSecurityException {
        if (sealed.length < NONCE_BYTES + TAG_BITS / 8)
            throw new GeneralSecurityException("it is too short");
        var cipher = cipher(Cipher.DECRYPT_MODE, key, Arrays.copyOf(sealed, NONCE_BYTES), about);
        return cipher.doFinal(sealed, NONCE_BYTES, sealed.length - NONCE_BYTES);
    }

    private static Cipher cipher(int mode, byte[] key, byte[] nonce, String about)
            throws GeneralSecurityException {
        var cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, new SecretKeySpec(key, "AES"), new GCMParameterSpec(TAG_BITS, nonce));
        cipher.updateAAD(about.getBytes(StandardCharsets.UTF_8));
        return cipher;
    }

    private static IllegalStateException noCrypto(GeneralSecurityException e) {
        return new IllegalStateException("every JDK has AES, SHA-256 and NativePRNG", e);
    }
}
