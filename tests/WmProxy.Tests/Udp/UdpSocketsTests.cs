using System;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using WmProxy.Configuration;
using WmProxy.Tests.Common;
using WmProxy.Udp;

namespace WmProxy.Tests.Udp;

public sealed class UdpSocketsTests
{
    [Theory]
    [InlineData("127.0.0.1", false, new[] { "127.0.0.1" })]
    [InlineData("::1", false, new[] { "::1" })]
    [InlineData("*", true, new[] { "::" })]
    [InlineData("::", true, new[] { "::" })]
    [InlineData("0.0.0.0", true, new[] { "0.0.0.0" })]
    [InlineData("localhost", false, new[] { "127.0.0.1", "::1" })]
    public void Open_Host_BindsItsAddressesOnOnePort(string host, bool hasSeveral, string[] expected)
    {
        var sockets = UdpSockets.Open(Address(host), isShareable: false);
        try
        {
            var endPoints = sockets.Select(socket => (IPEndPoint)socket.LocalEndPoint!).ToList();
            Assert.Equal(expected, endPoints.Select(endPoint => endPoint.Address.ToString()));
            Assert.Single(endPoints.Select(endPoint => endPoint.Port).Distinct());
            Assert.All(endPoints, endPoint => Assert.Equal(hasSeveral, UdpSockets.HasSeveralAddresses(endPoint)));
        }
        finally
        {
            sockets.ToList().ForEach(socket => socket.Dispose());
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Open_PortOfAnother_Fails(bool isShareable)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() || !isShareable, "Only Linux shares a port out.");
        using var first = UdpSockets.Open(Address("127.0.0.1"), isShareable).Single();

        // Another copy of this program would open it the same way.
        var ex = Assert.Throws<SocketException>(() => UdpSockets.Open(Address("127.0.0.1", ((IPEndPoint)first.LocalEndPoint!).Port), isShareable));

        Assert.Equal(SocketError.AddressAlreadyInUse, ex.SocketErrorCode);
        Assert.Throws<SocketException>(() => UdpSockets.Open(Address("*", ((IPEndPoint)first.LocalEndPoint!).Port), isShareable));
    }

    [Fact]
    public void OpenShare_ManyClients_EachAlwaysComesToTheSameSocket()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux shares a port out.");
        using var first = UdpSockets.Open(Address("127.0.0.1"), isShareable: true).Single();
        using var second = UdpSockets.OpenShare(first);
        var buffer = new byte[16];
        var shares = new int[2];
        for (var i = 0; i < 100; i++)
        {
            using var client = new UdpPeer();
            var at = -1;
            for (var n = 0; n < 3; n++)
            {
                client.Send("hello", first.LocalEndPoint!);
                var socket = first.Poll(TimeSpan.Zero, SelectMode.SelectRead) ? first : second;
                Assert.Equal(5, socket.Receive(buffer));
                at = at < 0 ? (socket == first ? 0 : 1) : at;
                Assert.Equal(at, socket == first ? 0 : 1);
            }

            shares[at]++;
        }

        Assert.True(shares[0] > 0 && shares[1] > 0, string.Join(' ', shares));
    }

    [Fact]
    public void Discard_WhatCameBefore_IsGone()
    {
        using var socket = UdpSockets.Open(Address("127.0.0.1"), isShareable: false).Single();
        using var client = new UdpPeer();
        for (var i = 0; i < 10; i++)
        {
            client.Send(new byte[i * 1000], socket.LocalEndPoint!);
        }

        UdpSockets.Discard(socket);

        client.Send("after", socket.LocalEndPoint!);
        Assert.Equal(5, socket.Receive(new byte[100]));
        Assert.False(socket.Poll(TimeSpan.Zero, SelectMode.SelectRead));
    }

    private static ListenAddress Address(string host, int port = 0) => new() { Scheme = ListenScheme.Udp, Host = host, FirstPort = port, LastPort = port };
}
