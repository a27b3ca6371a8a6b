import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.List;

import org.bouncycastle.asn1.x9.X9ECParameters;
import org.bouncycastle.crypto.CipherParameters;
import org.bouncycastle.crypto.CryptoException;
import org.bouncycastle.crypto.Digest;
import org.bouncycastle.crypto.Signer;
import org.bouncycastle.crypto.digests.SHA256Digest;
import org.bouncycastle.crypto.digests.SM3Digest;
import org.bouncycastle.crypto.ec.CustomNamedCurves;
import org.bouncycastle.crypto.params.ECDomainParameters;
import org.bouncycastle.crypto.params.ECPrivateKeyParameters;
import org.bouncycastle.crypto.params.ECPublicKeyParameters;
import org.bouncycastle.crypto.params.ParametersWithID;
import org.bouncycastle.crypto.signers.DSADigestSigner;
import org.bouncycastle.crypto.signers.ECDSASigner;
import org.bouncycastle.crypto.signers.PlainDSAEncoding;
import org.bouncycastle.crypto.signers.SM2Signer;
import org.bouncycastle.math.ec.FixedPointCombMultiplier;

/**
 * The recipe of docs/signing.md: the bytes of a body, their signature, the transaction.
 * This file is what to take over; Main.java only holds it against the vectors.
 */
final class Yilian {
    private static final byte[] TX_TAG = ascii("yilian/tx/v1\0");
    private static final byte[] ENDORSEMENT_TAG = ascii("yilian/endorsement/v1\0");
    private static final byte[] SIGNER_ID = ascii("1234567812345678"); // on every gm chain

    private Yilian() {}

    /** The two wire types of protobuf that are needed; give the fields in ascending order. */
    static final class Fields {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        /** An integer field; zero is left out. A long counts as unsigned, so -1 is 2^64 - 1 too. */
        Fields number(int field, long value) {
            if (value != 0) {
                varint((long) field << 3);
                varint(value);
            }
            return this;
        }

        /** A text; an empty one is left out. */
        Fields text(int field, String value) {
            return bytes(field, value.getBytes(StandardCharsets.UTF_8));
        }

        /** A byte string or a message; an empty one is left out. */
        Fields bytes(int field, byte[] value) {
            return value.length == 0 ? this : element(field, value);
        }

        /** An element of a repeated field, or a message that is set: also when it is empty. */
        Fields element(int field, byte[] value) {
            varint((long) field << 3 | 2);
            varint(value.length);
            out.writeBytes(value);
            return this;
        }

        byte[] encode() {
            return out.toByteArray();
        }

        private void varint(long value) {
            for (; (value & ~0x7fL) != 0; value >>>= 7) {
                out.write((int) (value & 0x7f | 0x80));
            }
            out.write((int) value);
        }
    }

    /**
     * TxBody of proto/transaction.proto, without its endorsements.
     *
     * @param operations each the bytes of the method's request message
     * @param signer     65 bytes, 04 x y
     * @param nonce      16 bytes, fresh for each transaction
     * @param lastHeight the chain's height and at most 1,000 more
     */
    record Body(String chainId, String contract, String method, List<byte[]> operations,
                byte[] signer, byte[] nonce, long lastHeight, boolean allOrNothing) {

        /** The bytes that are endorsed and signed; make them once and keep them. */
        byte[] encode() {
            Fields out = new Fields().text(1, chainId).text(2, contract).text(3, method);
            operations.forEach(operation -> out.element(4, operation));
            out.bytes(5, signer).bytes(6, nonce).number(7, lastHeight);
            return out.number(8, allOrNothing ? 1 : 0).encode();
        }
    }

    /** What an endorser signs: the body before its first endorsement. */
    static byte[] endorsedMessage(byte[] plain) {
        return concat(ENDORSEMENT_TAG, plain);
    }

    /** The body with one more endorsement; the signer signs when all have been appended. */
    static byte[] endorse(byte[] body, byte[] publicKey, byte[] signature) {
        byte[] endorsement = new Fields().bytes(1, publicKey).bytes(2, signature).encode();
        return concat(body, new Fields().element(9, endorsement).encode());
    }

    /** What the signer signs, and what the transaction hash is taken of. */
    static byte[] signedMessage(byte[] body) {
        return concat(TX_TAG, body);
    }

    /** What Ledger.Submit takes. */
    static byte[] transaction(byte[] body, byte[] signature) {
        return new Fields().bytes(1, body).bytes(2, signature).encode();
    }

    /** A chain's curve and hash. */
    enum Suite {
        GM("sm2p256v1"), INTL("secp256r1");

        private final ECDomainParameters curve;

        Suite(String curveName) {
            X9ECParameters found = CustomNamedCurves.getByName(curveName);
            curve = new ECDomainParameters(found);
        }

        /** The suite "gm" or "intl". */
        static Suite named(String name) {
            return valueOf(name.toUpperCase(java.util.Locale.ROOT));
        }

        private Digest digest() {
            return this == GM ? new SM3Digest() : new SHA256Digest();
        }

        /** Of the signed message: the transaction hash. */
        byte[] hash(byte[] message) {
            Digest digest = digest();
            digest.update(message, 0, message.length);
            byte[] out = new byte[digest.getDigestSize()];
            digest.doFinal(out, 0);
            return out;
        }

        /** The 65 bytes 04 x y of a private key of 32 bytes. */
        byte[] publicKey(byte[] privateKey) {
            BigInteger d = new BigInteger(1, privateKey);
            return new FixedPointCombMultiplier().multiply(curve.getG(), d).getEncoded(false);
        }

        /**
         * r and s, 32 bytes each. It hashes by itself: give it the message, not a hash.
         * Production keys stay in a device that signs instead.
         */
        byte[] sign(byte[] privateKey, byte[] message) {
            BigInteger d = new BigInteger(1, privateKey);
            Signer signer = signer(true, new ECPrivateKeyParameters(d, curve));
            signer.update(message, 0, message.length);
            try {
                return signer.generateSignature();
            } catch (CryptoException error) {
                throw new IllegalStateException(error);
            }
        }

        /** Whether raw is the key's signature; PlainDSAEncoding checks that 1 <= r, s < n. */
        boolean verify(byte[] publicKey, byte[] message, byte[] raw) {
            if (publicKey.length != 65 || publicKey[0] != 4 || raw.length != 64) {
                return false;
            }
            ECPublicKeyParameters key;
            try {
                key = new ECPublicKeyParameters(curve.getCurve().decodePoint(publicKey), curve);
            } catch (IllegalArgumentException notOnTheCurve) {
                return false;
            }
            Signer signer = signer(false, key);
            signer.update(message, 0, message.length);
            return signer.verifySignature(raw);
        }

        private Signer signer(boolean forSigning, CipherParameters key) {
            if (this == GM) {
                Signer signer = new SM2Signer(PlainDSAEncoding.INSTANCE); // not DER
                signer.init(forSigning, new ParametersWithID(key, SIGNER_ID));
                return signer;
            }
            Signer signer =
                new DSADigestSigner(new ECDSASigner(), digest(), PlainDSAEncoding.INSTANCE);
            signer.init(forSigning, key);
            return signer;
        }
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] concat(byte[] first, byte[] second) {
        byte[] out = java.util.Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, out, first.length, second.length);
        return out;
    }
}
