using System;
using System.Net;
using System.Net.Sockets;
using WmProxy.Native;
using WmProxy.Udp;

namespace WmProxy.Tests.Udp;

public sealed class UdpSessionKeyTests
{
    [Theory]
    [InlineData("192.0.2.1:53", "192.0.2.1:53")]
    [InlineData("[2001:db8::1]:65535", "[2001:db8::1]:65535")]
    [InlineData("[::ffff:192.0.2.1]:1", "192.0.2.1:1")]
    [InlineData("[fe80::1%7]:9", "[fe80::1%7]:9")]
    public void TryCreate_SocketAddress_IsTheClient(string text, string expected)
    {
        var endPoint = IPEndPoint.Parse(text);
        var address = endPoint.Serialize();

        Assert.True(UdpSessionKey.TryCreate(endPoint.AddressFamily, address.Buffer.Span[..address.Size], default, 0, out var key));

        Assert.Equal(IPEndPoint.Parse(expected), key.ToClientEndPoint());
        Assert.Null(key.ToLocalAddress());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(15)]
    public void TryCreate_TooShort_IsNone(int length) => Assert.False(UdpSessionKey.TryCreate(AddressFamily.InterNetwork, new byte[length], default, 0, out _));

    [Fact]
    public void TryCreate_OtherFamily_IsNone()
    {
        Assert.False(UdpSessionKey.TryCreate(AddressFamily.InterNetworkV6, new byte[16], default, 0, out _));
        Assert.False(UdpSessionKey.TryCreate(AddressFamily.Unix, new byte[110], default, 0, out _));
    }

    [Theory]
    [InlineData("192.0.2.1:53", 2)]
    [InlineData("192.0.2.1:53", 10)]
    [InlineData("[2001:db8::1]:65535", 10)]
    [InlineData("[fe80::1%7]:9", 10)]
    public void WriteClient_AddressOfASocketOfTheFamily_IsThatOfTheClient(string text, int family)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The families have these numbers on Linux.");
        var endPoint = IPEndPoint.Parse(text);
        var address = endPoint.Serialize();
        Assert.True(UdpSessionKey.TryCreate(endPoint.AddressFamily, address.Buffer.Span[..address.Size], default, 0, out var key));
        Span<byte> written = stackalloc byte[28];

        var length = key.WriteClient(family, written);

        Assert.Equal(endPoint, SocketAddressBytes.ToEndPoint(written[..length]));
        Assert.Equal(family, BitConverter.ToUInt16(written));
    }

    [Fact]
    public void Equals_EachPart_TellsSessionsApartButForTheInterface()
    {
        var key = new UdpSessionKey(1, 2, 3, 4, 5);
        Assert.Equal(key, new UdpSessionKey(1, 2, 3, 4, 6));
        Assert.Equal(key.GetHashCode(), new UdpSessionKey(1, 2, 3, 4, 6).GetHashCode());
        Assert.NotEqual(key, new UdpSessionKey(9, 2, 3, 4, 5));
        Assert.NotEqual(key, new UdpSessionKey(1, 9, 3, 4, 5));
        Assert.NotEqual(key, new UdpSessionKey(1, 2, 9, 4, 5));
        Assert.NotEqual(key, new UdpSessionKey(1, 2, 3, 9, 5));
    }
}
