using System;
using System.Net;
using System.Net.Sockets;
using WmProxy.Listeners;

namespace WmProxy.Tests.Listeners;

public sealed class PortOwnerTests
{
    [Theory]
    [InlineData("0100007F:1F90", "127.0.0.1:8080")]
    [InlineData("00000000:0050", "0.0.0.0:80")]
    [InlineData("00000000000000000000000001000000:01BB", "[::1]:443")]
    [InlineData("0000000000000000FFFF00000100007F:FFFF", "[::ffff:127.0.0.1]:65535")]
    public void TryParse_KernelsForm_IsRead(string text, string expected)
    {
        Assert.SkipUnless(BitConverter.IsLittleEndian, "The kernel prints words in the machine's byte order.");

        Assert.True(PortOwner.TryParse(text, out var endPoint));
        Assert.Equal(IPEndPoint.Parse(expected), endPoint);
    }

    [Theory]
    [InlineData("local_address")]
    [InlineData("0100007F")]
    [InlineData("0100007F:")]
    [InlineData("0100007F:1F901")]
    [InlineData("010000:1F90")]
    [InlineData("0100007G:1F90")]
    public void TryParse_AnythingElse_IsRefused(string text) => Assert.False(PortOwner.TryParse(text, out _));

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("0.0.0.0", "127.0.0.1")]
    [InlineData("127.0.0.1", "0.0.0.0")]
    [InlineData("127.0.0.1", "::")]
    [InlineData("::1", "::")]
    [InlineData("::", "127.0.0.1")]
    public void Find_ListenerThatCovers_NamesTheProcess(string held, string asked)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Reads /proc.");
        using var listener = new TcpListener(IPAddress.Parse(held), 0);
        listener.Start();

        var owner = PortOwner.Find(new IPEndPoint(IPAddress.Parse(asked), ((IPEndPoint)listener.LocalEndpoint).Port));

        Assert.Equal($"this process (pid {Environment.ProcessId})", owner);
    }

    [Fact]
    public void Find_ListenerOfAnotherAddress_IsNobody()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();

        Assert.Null(PortOwner.Find(new IPEndPoint(IPAddress.Parse("127.0.0.2"), ((IPEndPoint)listener.LocalEndpoint).Port)));
    }

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("0.0.0.0", "127.0.0.1")]
    [InlineData("::1", "::")]
    public void Find_UdpSocket_NamesTheProcessForUdpAlone(string held, string asked)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Reads /proc.");
        var address = IPAddress.Parse(held);
        using var socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(address, 0));
        var endPoint = new IPEndPoint(IPAddress.Parse(asked), ((IPEndPoint)socket.LocalEndPoint!).Port);

        Assert.Equal($"this process (pid {Environment.ProcessId})", PortOwner.Find(endPoint, isUdp: true));
    }

    [Fact]
    public void Find_SocketThatDoesNotListen_IsNobody()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));

        Assert.Null(PortOwner.Find((IPEndPoint)socket.LocalEndPoint!));
    }
}
