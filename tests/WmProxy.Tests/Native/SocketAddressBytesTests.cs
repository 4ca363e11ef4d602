using System;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using WmProxy.Native;

namespace WmProxy.Tests.Native;

[SupportedOSPlatform("linux")]
public sealed class SocketAddressBytesTests
{
    [Theory]
    [InlineData("1.2.3.4:80", 16)]
    [InlineData("255.255.255.255:65535", 16)]
    [InlineData("0.0.0.0:0", 16)]
    [InlineData("[2001:db8::1]:443", 28)]
    [InlineData("[::]:1", 28)]
    [InlineData("[fe80::1%7]:4660", 28)]
    public void Write_EndPoint_IsWhatDotNetWritesAndIsReadBack(string text, int length)
    {
        var endPoint = IPEndPoint.Parse(text);
        var bytes = new byte[SocketAddressBytes.MaxLength];
        Array.Fill(bytes, (byte)0xAA);

        Assert.Equal(length, SocketAddressBytes.Write(endPoint, bytes));

        Assert.Equal(endPoint.Serialize().Buffer.Span[..length].ToArray(), bytes[..length]);
        Assert.Equal(0xAA, bytes[length]);
        Assert.Equal(endPoint, SocketAddressBytes.ToEndPoint(bytes.AsSpan(0, length)));
    }

    [Fact]
    public void ToEndPoint_MappedAddress_IsIPv4()
    {
        var bytes = new byte[SocketAddressBytes.MaxLength];
        var length = SocketAddressBytes.Write(new IPEndPoint(IPAddress.Parse("::ffff:1.2.3.4"), 80), bytes);

        Assert.Equal(IPEndPoint.Parse("1.2.3.4:80"), SocketAddressBytes.ToEndPoint(bytes.AsSpan(0, length)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(27)]
    public void ToEndPoint_CutShort_IsNone(int length)
    {
        var bytes = new byte[SocketAddressBytes.MaxLength];
        SocketAddressBytes.Write(IPEndPoint.Parse("[2001:db8::1]:443"), bytes);

        Assert.Null(SocketAddressBytes.ToEndPoint(bytes.AsSpan(0, length)));
    }

    [Fact]
    public void ToEndPoint_OtherFamily_IsNone()
    {
        var bytes = new byte[SocketAddressBytes.MaxLength];
        var length = SocketAddressBytes.Write(new UnixDomainSocketEndPoint("/run/some/longer/path.sock"), bytes);

        Assert.Null(SocketAddressBytes.ToEndPoint(bytes.AsSpan(0, length)));
    }

    [Fact]
    public void Write_LongestPath_Fits()
    {
        var bytes = new byte[SocketAddressBytes.MaxLength];

        Assert.InRange(SocketAddressBytes.Write(new UnixDomainSocketEndPoint("/" + new string('x', 106)), bytes), 109, 110);
    }
}
