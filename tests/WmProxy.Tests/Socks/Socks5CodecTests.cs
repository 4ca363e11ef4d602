using System;
using System.Linq;
using System.Net;
using System.Text;
using WmProxy.Connectors;
using WmProxy.Socks;

namespace WmProxy.Tests.Socks;

public sealed class Socks5CodecTests
{
    /// <summary>Greetings, RFC 1928 section 3: bytes, methods.</summary>
    public static TheoryData<string, string> Greetings => new()
    {
        { "050100", "00" },
        { "050102", "02" },
        { "05020002", "0002" },
        { "0503000102", "000102" },
        { "05FF" + string.Concat(Enumerable.Range(0, 255).Select(i => i.ToString("X2", null))), string.Concat(Enumerable.Range(0, 255).Select(i => i.ToString("X2", null))) },
    };

    /// <summary>Requests, RFC 1928 sections 4 and 5: bytes, command, target.</summary>
    public static TheoryData<string, int, string> Requests => new()
    {
        { "05010001" + "C0000201" + "0050", 1, "192.0.2.1:80" },
        { "05010001" + "FFFFFFFF" + "FFFF", 1, "255.255.255.255:65535" },
        { "05010004" + "20010DB8000000000000000000000001" + "01BB", 1, "[2001:db8::1]:443" },
        { "05010004" + "00000000000000000000FFFF7F000001" + "0001", 1, "127.0.0.1:1" },
        { "05010003" + "0B" + Hex("example.com") + "01BB", 1, "example.com:443" },
        { "05010003" + "0C" + Hex("Example.COM.") + "01BB", 1, "Example.COM:443" },
        { "05010003" + "09" + Hex("127.0.0.1") + "01BB", 1, "127.0.0.1:443" },
        { "05010003" + "0A" + Hex("2130706433") + "01BB", 1, "127.0.0.1:443" },
        { "05010003" + "04" + Hex("0x7f") + "01BB", 1, "0.0.0.127:443" },
        { "05010003" + "03" + Hex("::1") + "01BB", 1, "[::1]:443" },
        { "05010003" + "10" + Hex("::ffff:127.0.0.1") + "01BB", 1, "127.0.0.1:443" },
        { "05010003" + "0F" + Hex("bücher.example") + "01BB", 1, "xn--bcher-kva.example:443" },
        { "05010003" + "05" + Hex("_a-b_") + "01BB", 1, "_a-b_:443" },
        { "05010003" + "01" + Hex("a") + "FFFF", 1, "a:65535" },
        { "05020001" + "C0000201" + "0000", 2, "192.0.2.1:0" },
        { "05030001" + "00000000" + "0000", 3, "0.0.0.0:0" },
        { "05030004" + "00000000000000000000000000000000" + "1F90", 3, "[::]:8080" },
        { "05000001" + "C0000201" + "0050", 0, "192.0.2.1:80" },
        { "05FF0001" + "C0000201" + "0050", 255, "192.0.2.1:80" },
    };

    /// <summary>What no request begins with, up to the byte that decides: bytes, reply.</summary>
    public static TheoryData<string, int> MalformedRequests => new()
    {
        { "04", 1 },
        { "00", 1 },
        { "050101", 1 },
        { "05010000", 8 },
        { "05010002", 8 },
        { "05010005", 8 },
        { "050100FF", 8 },
        { "05010001" + "C0000201" + "0000", 1 },
        { "05010004" + "20010DB8000000000000000000000001" + "0000", 1 },
        { "05010003" + "00" + "0050", 1 },
        { "05010003" + "01" + Hex("a") + "0000", 1 },
        { "05010003" + "0C" + Hex("example.com\0") + "0050", 1 },
        { "05010003" + "0B" + Hex("exam\0le.com") + "0050", 1 },
        { "05010003" + "0B" + Hex("exam\tle.com") + "0050", 1 },
        { "05010003" + "0B" + Hex("exam le.com") + "0050", 1 },
        { "05010003" + "0B" + Hex("exam\u007Fle.com") + "0050", 1 },
        { "05010003" + "0B" + Hex("exam/le.com") + "0050", 1 },
        { "05010003" + "0B" + Hex("exam@le.com") + "0050", 1 },
        { "05010003" + "05" + Hex("[::1]") + "0050", 1 },
        { "05010003" + "05" + Hex("a:443") + "0050", 1 },
        { "05010003" + "09" + Hex("fe80::1%1") + "0050", 1 },
        { "05010003" + "04" + Hex("a..b") + "0050", 1 },
        { "05010003" + "02" + Hex(".a") + "0050", 1 },
        { "05010003" + "01" + Hex(".") + "0050", 1 },
        { "05010003" + "02" + "C328" + "0050", 1 },
        { "05010003" + "40" + Hex(new string('a', 64)) + "0050", 1 },
        { "05010003" + "FE" + Hex(string.Concat(Enumerable.Repeat("a.", 127))[..253] + "a") + "0050", 1 },
    };

    [Theory]
    [MemberData(nameof(Greetings))]
    public void Greeting_AtEverySplitAndPipelined_NeedsMoreUntilItIsWhole(string hex, string methods)
    {
        var bytes = Convert.FromHexString(hex);
        for (var count = 0; count < bytes.Length; count++)
        {
            Assert.Equal(SocksParseStatus.NeedMore, Socks5Greeting.TryParse(bytes.AsSpan(0, count), out _, out var none));
            Assert.Equal(0, none);
        }

        Assert.Equal(SocksParseStatus.Parsed, Socks5Greeting.TryParse([.. bytes, 5, 1, 0], out var offered, out var length));
        Assert.Equal(bytes.Length, length);
        Assert.Equal(methods, Convert.ToHexString(offered));
    }

    [Theory]
    [InlineData("04")]
    [InlineData("00")]
    [InlineData("16")]
    [InlineData("0500")]
    public void Greeting_Malformed_IsKnownByItsFirstWrongByte(string hex)
    {
        Assert.Equal(SocksParseStatus.Malformed, Socks5Greeting.TryParse(Convert.FromHexString(hex), out _, out _));
    }

    [Theory]
    [MemberData(nameof(Requests))]
    public void Request_AtEverySplitAndPipelined_NeedsMoreUntilItIsWhole(string hex, int command, string target)
    {
        var bytes = Convert.FromHexString(hex);
        for (var count = 0; count < bytes.Length; count++)
        {
            Assert.Equal(SocksParseStatus.NeedMore, Socks5Request.TryParse(bytes.AsSpan(0, count), out _, out var none, out _));
            Assert.Equal(0, none);
        }

        Assert.Equal(SocksParseStatus.Parsed, Socks5Request.TryParse([.. bytes, .. "GET /"u8], out var request, out var length, out _));
        Assert.Equal(bytes.Length, length);
        Assert.Equal((SocksCommand)command, request.Command);
        Assert.Equal(target, request.Target.ToString());
        Assert.Equal(request.Target.Address is not null, IPAddress.TryParse(request.Target.Host, out _));
    }

    [Theory]
    [MemberData(nameof(MalformedRequests))]
    public void Request_Malformed_IsKnownByItsFirstWrongByteAndSaysWhatToReply(string hex, int reply)
    {
        var bytes = Convert.FromHexString(hex);
        for (var count = 0; count < bytes.Length; count++)
        {
            Assert.Equal(SocksParseStatus.NeedMore, Socks5Request.TryParse(bytes.AsSpan(0, count), out _, out _, out _));
        }

        Assert.Equal(SocksParseStatus.Malformed, Socks5Request.TryParse(bytes, out _, out var length, out var refusal));
        Assert.Equal(0, length);
        Assert.Equal((Socks5Reply)reply, refusal);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 255)]
    [InlineData(255, 1)]
    [InlineData(255, 255)]
    [InlineData(5, 0)]
    public void Credentials_AtEverySplitAndPipelined_NeedMoreUntilTheyAreWhole(int userLength, int passwordLength)
    {
        var (user, password) = (TestBytes(userLength, 1), TestBytes(passwordLength, 2));
        byte[] bytes = [1, (byte)userLength, .. user, (byte)passwordLength, .. password];
        for (var count = 0; count < bytes.Length; count++)
        {
            Assert.Equal(SocksParseStatus.NeedMore, Socks5Credentials.TryParse(bytes.AsSpan(0, count), out _, out _, out _));
        }

        Assert.Equal(SocksParseStatus.Parsed, Socks5Credentials.TryParse([.. bytes, 5, 1, 0], out var userRange, out var passwordRange, out var length));
        Assert.Equal(bytes.Length, length);
        Assert.Equal(user, bytes[userRange]);
        Assert.Equal(password, bytes[passwordRange]);
    }

    [Theory]
    [InlineData("00")]
    [InlineData("05")]
    [InlineData("0100")]
    public void Credentials_Malformed_AreKnownByTheirFirstWrongByte(string hex)
    {
        Assert.Equal(SocksParseStatus.Malformed, Socks5Credentials.TryParse(Convert.FromHexString(hex), out _, out _, out _));
    }

    [Fact]
    public void Credentials_Written_AreRead()
    {
        var message = new byte[Socks5Credentials.MaxLength];
        var length = Socks5Credentials.Write(message, "alice"u8, "se:cret"u8);

        Assert.Equal("0105" + Hex("alice") + "07" + Hex("se:cret"), Convert.ToHexString(message.AsSpan(0, length)));
        Assert.Throws<ArgumentException>(() => Socks5Credentials.Write(message, [], "a"u8));
        Assert.Throws<ArgumentException>(() => Socks5Credentials.Write(message, "a"u8, new byte[256]));
    }

    [Theory]
    [InlineData("", false, false)]
    [InlineData("01", false, false)]
    [InlineData("0100", true, true)]
    [InlineData("0500", true, true)]
    [InlineData("0101", true, false)]
    [InlineData("01FF", true, false)]
    public void CredentialsStatus_IsSuccessForZeroOnly(string hex, bool isWhole, bool isAccepted)
    {
        var status = Socks5Credentials.TryParseStatus(Convert.FromHexString(hex), out var accepted);

        Assert.Equal(isWhole ? SocksParseStatus.Parsed : SocksParseStatus.NeedMore, status);
        Assert.Equal(isAccepted, accepted && isWhole);
    }

    [Theory]
    [InlineData(false, "050100")]
    [InlineData(true, "05020002")]
    public void Greeting_Written_OffersAPasswordOnlyWhereThereIsOne(bool hasPassword, string hex)
    {
        var message = new byte[Socks5Greeting.MaxWritten];

        Assert.Equal(hex, Convert.ToHexString(message.AsSpan(0, Socks5Greeting.Write(message, hasPassword))));
    }

    [Fact]
    public void Selection_AtEverySplit_IsRead()
    {
        Assert.Equal(SocksParseStatus.NeedMore, Socks5Greeting.TryParseSelection([], out _));
        Assert.Equal(SocksParseStatus.NeedMore, Socks5Greeting.TryParseSelection([5], out _));
        Assert.Equal(SocksParseStatus.Malformed, Socks5Greeting.TryParseSelection([(byte)'H'], out _));
        Assert.Equal(SocksParseStatus.Parsed, Socks5Greeting.TryParseSelection([5, 0xFF], out var method));
        Assert.Equal(Socks5Method.NoAcceptable, method);
    }

    [Theory]
    [InlineData(1, "example.com", 443, "05010003" + "0B" + "6578616D706C652E636F6D" + "01BB")]
    [InlineData(2, "192.0.2.1", 0, "05020001" + "C0000201" + "0000")]
    [InlineData(3, "2001:db8::1", 65535, "05030004" + "20010DB8000000000000000000000001" + "FFFF")]
    public void Request_Written_IsWhatTheRfcSays(int command, string host, int port, string hex)
    {
        var target = new ForwardTarget(host, IPAddress.TryParse(host, out var address) ? address : null, port);
        var message = new byte[Socks5Request.MaxLength];
        var length = new Socks5Request((SocksCommand)command, target).Write(message);

        Assert.Equal(hex, Convert.ToHexString(message.AsSpan(0, length)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(256)]
    public void Request_WithANameThatHasNoPlaceInIt_Throws(int length)
    {
        var target = new ForwardTarget(new string('a', length), null, 1);

        Assert.Throws<ArgumentException>(() => new Socks5Request(SocksCommand.Connect, target).Write(new byte[Socks5Request.MaxLength]));
    }

    [Theory]
    [InlineData(0, "127.0.0.1", 1080, "05000001" + "7F000001" + "0438")]
    [InlineData(0, "::1", 1, "05000004" + "00000000000000000000000000000001" + "0001")]
    [InlineData(0, "::ffff:192.0.2.1", 1, "05000001" + "C0000201" + "0001")]
    [InlineData(5, null, 0, "05050001" + "00000000" + "0000")]
    public void Response_Written_IsWhatTheRfcSaysAndIsReadAtEverySplit(int reply, string? address, int port, string hex)
    {
        var message = new byte[Socks5Response.MaxLength];
        var length = Socks5Response.Write(message, (Socks5Reply)reply, address is null ? null : new IPEndPoint(IPAddress.Parse(address), port));

        Assert.Equal(hex, Convert.ToHexString(message.AsSpan(0, length)));
        for (var count = 0; count < length; count++)
        {
            Assert.Equal(SocksParseStatus.NeedMore, Socks5Response.TryParse(message.AsSpan(0, count), out _, out _));
        }

        Assert.Equal(SocksParseStatus.Parsed, Socks5Response.TryParse([.. message.AsSpan(0, length), 1, 2, 3], out var response, out var read));
        Assert.Equal(length, read);
        Assert.Equal((Socks5Reply)reply, response.Reply);
        Assert.Equal(port, response.Bound.Port);
    }

    [Theory]
    [InlineData("04")]
    [InlineData("48545450")]
    [InlineData("05000002")]
    public void Response_Malformed_IsKnownByItsFirstWrongByte(string hex)
    {
        Assert.Equal(SocksParseStatus.Malformed, Socks5Response.TryParse(Convert.FromHexString(hex), out _, out _));
    }

    [Theory]
    [InlineData("05000003" + "00" + "0000")]
    [InlineData("05000003" + "02" + "0102" + "0000")]
    public void Response_WithAnAddressThatIsNoName_IsReadWithoutIt(string hex)
    {
        Assert.Equal(SocksParseStatus.Parsed, Socks5Response.TryParse(Convert.FromHexString(hex), out var response, out var length));
        Assert.Equal(hex.Length / 2, length);
        Assert.Equal("", response.Bound.Host);
    }

    [Theory]
    [InlineData("00000001" + "C0000201" + "0035", 0, 10)]
    [InlineData("00008001" + "C0000201" + "0035" + "FFFF", 0x80, 10)]
    [InlineData("00000004" + "20010DB8000000000000000000000001" + "0035", 0, 22)]
    [InlineData("00000103" + "03" + "612E62" + "0035" + "00", 1, 10)]
    public void Datagram_WellFormed_TellsWhereItsDataBegins(string hex, int fragment, int headerLength)
    {
        Assert.True(Socks5Datagram.TryParse(Convert.FromHexString(hex), out var number, out var length));
        Assert.Equal((fragment, headerLength), (number, length));
    }

    [Fact]
    public void Datagram_CutAnywhereInItsHeader_IsNone()
    {
        foreach (var hex in new[] { "00000001C00002010035", "0000000420010DB80000000000000000000000010035", "0000000303612E620035" })
        {
            var bytes = Convert.FromHexString(hex);
            for (var count = 0; count < bytes.Length; count++)
            {
                Assert.False(Socks5Datagram.TryParse(bytes.AsSpan(0, count), out _, out _));
            }
        }
    }

    [Theory]
    [InlineData("01000001" + "C0000201" + "0035")]
    [InlineData("00010001" + "C0000201" + "0035")]
    [InlineData("00000002" + "C0000201" + "0035")]
    [InlineData("00000000" + "C0000201" + "0035")]
    public void Datagram_Malformed_IsNone(string hex)
    {
        Assert.False(Socks5Datagram.TryParse(Convert.FromHexString(hex), out _, out _));
    }

    [Fact]
    public void Parsers_OnRandomBytes_NeverThrowAndNeverTakeMoreThanThereIs()
    {
        var random = new Random(1928);
        var buffer = new byte[600];
        for (var i = 0; i < 200_000; i++)
        {
            var bytes = buffer.AsSpan(0, random.Next(buffer.Length));
            random.NextBytes(bytes);
            if (bytes.Length > 4 && random.Next(4) != 0)
            {
                (bytes[0], bytes[1], bytes[2], bytes[3]) = (5, (byte)random.Next(4), 0, (byte)random.Next(1, 5));
                if (bytes[3] == 3)
                {
                    bytes[4] = (byte)random.Next(20);
                }
            }

            Socks5Greeting.TryParse(bytes, out _, out var greeting);
            Socks5Credentials.TryParse(bytes, out _, out _, out var credentials);
            Socks5Request.TryParse(bytes, out _, out var request, out _);
            Socks5Response.TryParse(bytes, out _, out var response);
            Socks5Datagram.TryParse(bytes, out _, out var header);
            Socks4Request.TryParse(bytes, out _, out var request4);
            Assert.All([greeting, credentials, request, response, header, request4], length => Assert.InRange(length, 0, buffer.Length));
            Assert.True(Math.Max(Math.Max(greeting, credentials), Math.Max(Math.Max(request, response), Math.Max(header, request4))) <= bytes.Length);
        }
    }

    private static string Hex(string text) => Convert.ToHexString(Encoding.UTF8.GetBytes(text));

    private static byte[] TestBytes(int count, int seed)
    {
        var bytes = new byte[count];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
