using System;
using System.Net;
using System.Text;
using WmProxy.Socks;

namespace WmProxy.Tests.Socks;

public sealed class Socks4CodecTests
{
    /// <summary>Requests of SOCKS 4 and 4a: bytes, command, target.</summary>
    public static TheoryData<string, int, string> Requests => new()
    {
        { "0401" + "0050" + "C0000201" + "00", 1, "192.0.2.1:80" },
        { "0401" + "0050" + "C0000201" + Hex("alice") + "00", 1, "192.0.2.1:80" },
        { "0401" + "FFFF" + "C0000201" + Hex(new string('u', 255)) + "00", 1, "192.0.2.1:65535" },
        { "0402" + "0000" + "C0000201" + "00", 2, "192.0.2.1:0" },
        { "0403" + "0050" + "C0000201" + "00", 3, "192.0.2.1:80" },
        { "0401" + "0050" + "00000000" + "00", 1, "0.0.0.0:80" },
        { "0401" + "0050" + "00000100" + "00", 1, "0.0.1.0:80" },
        { "0401" + "01BB" + "00000001" + "00" + Hex("example.com") + "00", 1, "example.com:443" },
        { "0401" + "01BB" + "000000FF" + Hex("bob") + "00" + Hex("example.com.") + "00", 1, "example.com:443" },
        { "0401" + "01BB" + "00000001" + "00" + Hex("127.1") + "00", 1, "127.0.0.1:443" },
    };

    /// <summary>What is no request, up to the byte that decides.</summary>
    public static TheoryData<string> MalformedRequests =>
    [
        "05",
        "00",
        "0401" + "0000" + "C0000201",
        "0401" + "0050" + "C0000201" + Hex(new string('u', 256)),
        "0401" + "0050" + "00000001" + "00" + "00",
        "0401" + "0050" + "00000001" + "00" + Hex("a b") + "00",
        "0401" + "0050" + "00000001" + "00" + Hex("a\rb") + "00",
        "0401" + "0050" + "00000001" + "00" + Hex(new string('a', 256)),
    ];

    [Theory]
    [MemberData(nameof(Requests))]
    public void Request_AtEverySplitAndPipelined_NeedsMoreUntilItIsWhole(string hex, int command, string target)
    {
        var bytes = Convert.FromHexString(hex);
        for (var count = 0; count < bytes.Length; count++)
        {
            Assert.Equal(SocksParseStatus.NeedMore, Socks4Request.TryParse(bytes.AsSpan(0, count), out _, out var none));
            Assert.Equal(0, none);
        }

        Assert.Equal(SocksParseStatus.Parsed, Socks4Request.TryParse([.. bytes, .. "GET /"u8], out var request, out var length));
        Assert.Equal(bytes.Length, length);
        Assert.Equal((SocksCommand)command, request.Command);
        Assert.Equal(target, request.Target.ToString());
    }

    [Theory]
    [MemberData(nameof(MalformedRequests))]
    public void Request_Malformed_IsKnownByItsFirstWrongByte(string hex)
    {
        var bytes = Convert.FromHexString(hex);
        for (var count = 0; count < bytes.Length; count++)
        {
            Assert.Equal(SocksParseStatus.NeedMore, Socks4Request.TryParse(bytes.AsSpan(0, count), out _, out _));
        }

        Assert.Equal(SocksParseStatus.Malformed, Socks4Request.TryParse(bytes, out _, out var length));
        Assert.Equal(0, length);
    }

    [Theory]
    [InlineData(0x5A, "192.0.2.1", 80, "005A" + "0050" + "C0000201")]
    [InlineData(0x5A, "2001:db8::1", 80, "005A" + "0050" + "00000000")]
    [InlineData(0x5B, null, 0, "005B" + "0000" + "00000000")]
    public void Response_Written_HasVersionZeroAndPortFirst(int reply, string? address, int port, string hex)
    {
        var message = new byte[Socks4Response.Length];
        Socks4Response.Write(message, (Socks4Reply)reply, address is null ? null : new IPEndPoint(IPAddress.Parse(address), port));

        Assert.Equal(hex, Convert.ToHexString(message));
    }

    private static string Hex(string text) => Convert.ToHexString(Encoding.UTF8.GetBytes(text));
}
