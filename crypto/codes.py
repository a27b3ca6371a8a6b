"""Stable codes of the `crypto` room, and the one error by which it refuses bytes from outside."""

from faults import Rejected, declare

UNKNOWN_SUITE = declare(
    "UNKNOWN_SUITE",
    zh="未知的密码套件；可用的是 gm 和 intl。",
    en="unknown cipher suite; gm and intl exist",
)
KEY_PRIVATE_INVALID = declare(
    "KEY_PRIVATE_INVALID",
    zh="私钥无效：须为 32 字节且在曲线规定的范围内。",
    en="the private key is not 32 bytes in the range its curve allows",
)
KEY_PUBLIC_INVALID = declare(
    "KEY_PUBLIC_INVALID",
    zh="公钥无效：须为 65 字节、以 04 开头且位于曲线上。",
    en="the public key is not 65 bytes 04||x||y of a point on the curve",
)
CANNOT_DECRYPT = declare(
    "CANNOT_DECRYPT",
    zh="无法解密：密钥不符，或数据被改动。",
    en="cannot decrypt: this is not the key, or the bytes were changed",
)
NOT_A_RECIPIENT = declare(
    "NOT_A_RECIPIENT",
    zh="该数据没有为此密钥封装内容密钥。",
    en="the content key was not wrapped to this key",
)
SEALED_MALFORMED = declare(
    "SEALED_MALFORMED",
    zh="密文格式不符合规定。",
    en="the sealed bytes do not have the form they must have",
)
SEALED_TOO_LARGE = declare(
    "SEALED_TOO_LARGE",
    zh="数据超过可封装的上限。",
    en="the data is larger than may be sealed",
)
KEY_FILE_EXISTS = declare(
    "KEY_FILE_EXISTS",
    zh="密钥文件已存在，绝不覆盖；请换一个路径。",
    en="the key file exists and is never overwritten; choose another path",
)
KEY_FILE_UNAVAILABLE = declare(
    "KEY_FILE_UNAVAILABLE",
    zh="密钥文件不存在或无法访问；请检查路径和目录。",
    en="the key file is missing or cannot be reached; check the path and its directory",
)
KEY_FILE_PERMISSIONS = declare(
    "KEY_FILE_PERMISSIONS",
    zh="密钥文件的权限过宽；请改为仅所有者可读写（chmod 600）。",
    en="others may read or write the key file; make it the owner's alone (chmod 600)",
)
KEY_FILE_MALFORMED = declare(
    "KEY_FILE_MALFORMED",
    zh="密钥文件格式错误或已被改动；请从备份恢复。",
    en="the key file is malformed or was changed; restore it from a backup",
)
KEY_PASSPHRASE_WRONG = declare(
    "KEY_PASSPHRASE_WRONG",
    zh="口令不正确，或密钥文件已被改动。",
    en="the passphrase is wrong, or the key file was changed",
)
KEY_PASSPHRASE_UNFIT = declare(
    "KEY_PASSPHRASE_UNFIT",
    zh="口令长度须为 8 至 1024 字节。",
    en="the passphrase must have 8 to 1024 bytes",
)


class CryptoError(Rejected):
    """Bytes from outside that a key cannot open, or that are no key; the code says which.

    At which step an opening failed it does not say, on purpose.
    """
