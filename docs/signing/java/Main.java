import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

/**
 * Checks docs/signing/vectors.json, or signs what it is given.
 *
 * <pre>
 * Main check VECTORS.json
 * Main sign &lt; REQUEST.json
 * </pre>
 *
 * A request has the inputs of a vector ("suite" to "endorser_keys"); without a nonce it gets one.
 */
final class Main {
    private int passed;
    private int failed;

    public static void main(String[] args) throws IOException {
        if (args.length == 2 && args[0].equals("check")) {
            String text = Files.readString(Path.of(args[1]));
            System.exit(new Main().check(JsonParser.parseString(text).getAsJsonObject()) ? 0 : 1);
        } else if (args.length == 1 && args[0].equals("sign")) {
            Reader input = new InputStreamReader(System.in, StandardCharsets.UTF_8);
            JsonObject request = JsonParser.parseReader(input).getAsJsonObject();
            System.out.println(make(request, false));
        } else {
            System.err.println("usage: check VECTORS.json | sign < REQUEST.json");
            System.exit(1);
        }
    }

    /**
     * Builds a request's transaction: with the signatures that stand in it, or with fresh ones.
     * In life each endorser signs at home; only here does one request hold everybody's keys.
     */
    private static JsonObject make(JsonObject request, boolean given) {
        Yilian.Suite suite = Yilian.Suite.named(request.get("suite").getAsString());
        byte[] privateKey = hex(request, "private_key");
        List<byte[]> operations = new ArrayList<>();
        for (JsonElement one : request.getAsJsonArray("requests")) {
            operations.add(encode(one.getAsJsonObject().getAsJsonArray("fields")));
        }
        byte[] signer = suite.publicKey(privateKey);
        byte[] plain = new Yilian.Body(
            request.get("chain_id").getAsString(), request.get("contract").getAsString(),
            request.get("method").getAsString(), operations, signer, nonce(request),
            new BigInteger(request.get("last_height").getAsString()).longValue(),
            request.get("all_or_nothing").getAsBoolean()).encode();

        byte[] body = plain;
        JsonArray endorsements = new JsonArray();
        for (JsonElement one : request.getAsJsonArray("endorser_keys")) {
            byte[] key = HexFormat.of().parseHex(one.getAsString());
            byte[] signature = given
                ? hex(request.getAsJsonArray("endorsements").get(endorsements.size())
                    .getAsJsonObject(), "signature")
                : suite.sign(key, Yilian.endorsedMessage(plain));
            JsonObject endorsement = new JsonObject();
            put(endorsement, "public_key", suite.publicKey(key));
            put(endorsement, "signature", signature);
            endorsements.add(endorsement);
            body = Yilian.endorse(body, suite.publicKey(key), signature);
        }
        byte[] message = Yilian.signedMessage(body);
        byte[] signature = given ? hex(request, "signature") : suite.sign(privateKey, message);

        JsonObject out = new JsonObject();
        put(out, "public_key", signer);
        JsonArray encoded = new JsonArray();
        operations.forEach(one -> encoded.add(HexFormat.of().formatHex(one)));
        out.add("operations", encoded);
        put(out, "body_before_endorsements", plain);
        out.add("endorsements", endorsements);
        put(out, "body", body);
        put(out, "message", message);
        put(out, "hash", suite.hash(message));
        put(out, "signature", signature);
        put(out, "transaction", Yilian.transaction(body, signature));
        return out;
    }

    private static byte[] nonce(JsonObject request) {
        if (request.has("nonce")) {
            return hex(request, "nonce");
        }
        byte[] drawn = new byte[16];
        new SecureRandom().nextBytes(drawn);
        return drawn;
    }

    private static byte[] encode(JsonArray fields) {
        Yilian.Fields out = new Yilian.Fields();
        for (JsonElement element : fields) {
            JsonObject one = element.getAsJsonObject();
            int number = one.get("number").getAsInt();
            if (one.has("integer")) { // decimal digits: JSON's numbers end at 2^53
                out.number(number, new BigInteger(one.get("integer").getAsString()).longValue());
            } else if (one.has("message")) {
                out.element(number, encode(one.getAsJsonArray("message")));
            } else {
                byte[] value = one.has("bytes") ? hex(one, "bytes")
                    : one.get("text").getAsString().getBytes(StandardCharsets.UTF_8);
                if (one.has("repeated")) {
                    out.element(number, value);
                } else {
                    out.bytes(number, value);
                }
            }
        }
        return out.encode();
    }

    private boolean check(JsonObject file) {
        if (!file.get("format").getAsString().equals("yilian-signing-vectors/1")) {
            throw new IllegalArgumentException("no file of signing vectors");
        }
        for (JsonElement element : file.getAsJsonArray("transactions")) {
            JsonObject vector = element.getAsJsonObject();
            String name = vector.get("name").getAsString();
            JsonObject made = make(vector, true);
            System.out.println(name + " " + made.get("hash").getAsString());
            for (String step : made.keySet()) {
                boolean same = made.get(step).equals(vector.get(step));
                judge(name, same, step + " is " + made.get(step) + " here");
            }
            judge(name, verify(vector, made), "a signature does not verify");
            judge(name, verify(vector, make(vector, false)), "an own signature does not verify");
        }
        for (JsonElement element : file.getAsJsonArray("signatures")) {
            JsonObject one = element.getAsJsonObject();
            boolean valid = Yilian.Suite.named(one.get("suite").getAsString())
                .verify(hex(one, "public_key"), hex(one, "message"), hex(one, "signature"));
            judge(one.get("name").getAsString(), valid == one.get("valid").getAsBoolean(),
                "valid is " + valid + " here (" + one.get("why").getAsString() + ")");
        }
        System.out.println(passed + " passed, " + failed + " failed");
        return failed == 0;
    }

    /** Whether the signer's and the endorsers' signatures are theirs. */
    private static boolean verify(JsonObject vector, JsonObject made) {
        Yilian.Suite suite = Yilian.Suite.named(vector.get("suite").getAsString());
        byte[] endorsed = Yilian.endorsedMessage(hex(made, "body_before_endorsements"));
        for (JsonElement element : made.getAsJsonArray("endorsements")) {
            JsonObject one = element.getAsJsonObject();
            if (!suite.verify(hex(one, "public_key"), endorsed, hex(one, "signature"))) {
                return false;
            }
        }
        byte[] message = hex(made, "message");
        return suite.verify(hex(made, "public_key"), message, hex(made, "signature"));
    }

    private void judge(String name, boolean good, String what) {
        if (good) {
            passed++;
        } else {
            failed++;
            System.out.println(name + ": " + what);
        }
    }

    private static byte[] hex(JsonObject from, String name) {
        return HexFormat.of().parseHex(from.get(name).getAsString());
    }

    private static void put(JsonObject into, String name, byte[] value) {
        into.addProperty(name, HexFormat.of().formatHex(value));
    }
}
