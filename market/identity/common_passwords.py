"""List passwords of twelve and more characters that everyone tries first (常见口令).

Shorter ones are refused for their length. Compared in lower case.
"""

from __future__ import annotations

from typing import Final

COMMON_PASSWORDS: Final = frozenset(
    """
    123456789012 1234567890123 12345678901234 123456789012345 1234567890123456 012345678912
    012345678910 123456123456 123123123123 112233445566 111222333444 121212121212 123321123321
    098765432109 987654321012 987654321098 123456789abc 123456789qwe 1234567890qw 123456789a123
    abc123456789 abcd12345678 abcdef123456 abcdefgh1234 abcdefghijkl abcdefghijklm a1b2c3d4e5f6
    aa1234567890 qwer12345678 qwerty123456 qwertyuiop12 qwertyuiop123 qwertyuiop[] qwertyuiopas
    qwertyqwerty qwer1234qwer 1q2w3e4r5t6y 1q2w3e4r5t6y7u 1qaz2wsx3edc 1qaz2wsx3edc4rfv
    1qazxsw23edc zaq12wsxcde3 q1w2e3r4t5y6 qazwsxedcrfv qazwsxedc123 asdfghjkl123 asdfghjkl;'
    zxcvbnm12345 zxcvbnmasdfgh password1234 password12345 password123456 passwordpassword
    p@ssw0rd1234 p@ssword1234 passw0rd1234 mypassword123 changeme1234 changemenow1 letmein12345
    welcome12345 administrator administrator1 admin1234567 admin12345678 admin@123456
    adminadminadmin admin123admin root12345678 rootrootroot test12345678 testtesttest
    iloveyou1234 iloveyouforever sunshine1234 football1234 baseball1234 superman1234
    woaini123456 woaini520520 woaini1314520 woaini5201314 5201314520131 520131452013
    wodemima1234 wodemima12345 mima12345678 nihao1234567 zhongguo1234 zhongguo12345
    beijing12345 hainan123456 huawei123456 tencent12345 taobao123456 alibaba12345 a123456789a123
    a1234567890a aaa123456789 aaaa12345678 asd123456789 asdf12345678 qaz123456789 zxc123456789
    wang12345678 zhang1234567 li1234567890 shushi123456 datamarket123
    """.split()
)
