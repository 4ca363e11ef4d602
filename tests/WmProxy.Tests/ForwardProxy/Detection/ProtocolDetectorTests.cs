using System;
using System.Linq;
using System.Text;
using WmProxy.ForwardProxy.Detection;

namespace WmProxy.Tests.ForwardProxy.Detection;

public sealed class ProtocolDetectorTests
{
    public static TheoryData<string, string> Openings => new()
    {
        { "\u0005\u0001\u0000", nameof(DetectedProtocol.Socks5) },
        { "\u0004\u0001\u0000\u0050", nameof(DetectedProtocol.Socks4) },
        { "\u0016\u0003\u0001\u0000", nameof(DetectedProtocol.Tls) },
        { "GET http://a/ HTTP/1.1\r\n", nameof(DetectedProtocol.Http) },
        { "UPDATEREDIRECTREF http://a/ HTTP/1.1\r\n", nameof(DetectedProtocol.Http) },
        { "M-SEARCH * HTTP/1.1\r\n", nameof(DetectedProtocol.Http) },
        { "CONNECT a:443 HTTP/1.1\r\n", nameof(DetectedProtocol.Connect) },
        { "connect a:443 HTTP/1.1\r\n", nameof(DetectedProtocol.Http) },
        { "CONNECTX a:443 HTTP/1.1\r\n", nameof(DetectedProtocol.Http) },
        { "\r\n\r\nCONNECT a:443 HTTP/1.1\r\n", nameof(DetectedProtocol.Connect) },
        { "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", nameof(DetectedProtocol.Http2) },
        { " GET http://a/ HTTP/1.1\r\n", nameof(DetectedProtocol.Unknown) },
        { "GET\thttp://a/ HTTP/1.1\r\n", nameof(DetectedProtocol.Unknown) },
        { "G\u0000T http://a/ HTTP/1.1\r\n", nameof(DetectedProtocol.Unknown) },
        { "\nGET http://a/ HTTP/1.1\r\n", nameof(DetectedProtocol.Unknown) },
        { "\r\rGET http://a/ HTTP/1.1\r\n", nameof(DetectedProtocol.Unknown) },
        { "SSH-2.0-OpenSSH_9.9\r\n", nameof(DetectedProtocol.Unknown) },
        { "\u0080GET", nameof(DetectedProtocol.Unknown) },
        { new string('A', 33) + " ", nameof(DetectedProtocol.Unknown) },
    };

    [Theory]
    [MemberData(nameof(Openings))]
    public void Detect_EveryPrefix_IsUndecidedUntilItIsRight(string text, string expected)
    {
        var bytes = Encoding.Latin1.GetBytes(text);
        var decided = false;
        for (var length = 0; length <= bytes.Length; length++)
        {
            var protocol = ProtocolDetector.Detect(bytes.AsSpan(0, length), out var skip);
            Assert.InRange(skip, 0, length);
            if (protocol == DetectedProtocol.Undecided)
            {
                Assert.False(decided, "what was known is unknown again");
            }
            else
            {
                decided = true;
                Assert.Equal(expected, protocol.ToString());
            }
        }

        Assert.True(decided);
    }

    [Theory]
    [InlineData("CONNECT a:1 ", 0)]
    [InlineData("\r\nGET / ", 2)]
    [InlineData("\r\n\r\n\r\nGET / ", 6)]
    public void Detect_EmptyLinesBefore_AreSkipped(string text, int expected)
    {
        ProtocolDetector.Detect(Encoding.ASCII.GetBytes(text), out var skip);

        Assert.Equal(expected, skip);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Detect_RandomBytes_NeverChangesItsMind(int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 5000; i++)
        {
            var bytes = new byte[random.Next(1, 64)];
            random.NextBytes(bytes);
            if (random.Next(2) == 0)
            {
                // Mostly such as occur in requests, so that the rest of the way is seen too.
                bytes = [.. bytes.Select(b => "CONNECTGETPRI \r\n./:"u8[b % 19])];
            }

            var answers = Enumerable.Range(0, bytes.Length + 1).Select(length => ProtocolDetector.Detect(bytes.AsSpan(0, length), out _))
                .SkipWhile(protocol => protocol == DetectedProtocol.Undecided).Distinct();
            Assert.True(answers.Count() <= 1);
        }
    }
}
