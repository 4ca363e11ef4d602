using System;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using WmProxy.Native;
using WmProxy.Tests.Common;

namespace WmProxy.Tests.Native;

[SupportedOSPlatform("linux")]
public sealed class DatagramBatchTests
{
    private readonly DatagramBatch _batch = new();

    public DatagramBatchTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "These are calls of Linux.");

    [Fact]
    public void Send_DatagramsOfAllSizes_ArriveAsTheyAre()
    {
        using var pair = new UdpPair();
        int[] sizes = [0, 1, 2, 1472, 1473, 9000, 65507, 0, 17];
        for (var i = 0; i < sizes.Length; i++)
        {
            _batch.Set(i, TestData.Create(sizes[i], seed: (ulong)i));
            _batch.ToConnected(i);
        }

        var sent = default(DatagramsSent);
        _batch.Send(pair.Descriptor, 0, sizes.Length, ref sent);

        Assert.Equal((0, false), (sent.Failed, sent.IsUnreachable));
        Assert.All(sizes.Index(), item => Assert.Equal(TestData.Create(item.Item, seed: (ulong)item.Index), pair.Received()));
        Assert.Null(pair.Received());
    }

    [Fact]
    public void Receive_DatagramsOfAllSizes_HaveTheirBytesAndSender()
    {
        using var receiver = new UdpPeer();
        using var one = new UdpPeer();
        using var two = new UdpPeer();
        int[] sizes = [0, 1, 1473, 65507, 0];
        for (var i = 0; i < sizes.Length; i++)
        {
            (i % 2 == 0 ? one : two).Send(TestData.Create(sizes[i], seed: (ulong)i), receiver.EndPoint);
        }

        // Places before the first are left alone.
        Assert.Equal(sizes.Length, _batch.Receive(Descriptor(receiver.Socket), 3, _batch.Capacity - 3, withLocal: false));

        for (var i = 0; i < sizes.Length; i++)
        {
            Assert.Equal(TestData.Create(sizes[i], seed: (ulong)i), _batch.Payload(3 + i).ToArray());
            Assert.Equal((i % 2 == 0 ? one : two).EndPoint, SocketAddressBytes.ToEndPoint(_batch.Peer(3 + i)));
            Assert.False(_batch.IsTruncated(3 + i));
        }

        Assert.Equal(-Libc.Eagain, _batch.Receive(Descriptor(receiver.Socket), 0, 1, withLocal: false));
    }

    [Fact]
    public void Receive_MoreThanThereIsRoomFor_LeavesTheRestInOrder()
    {
        using var receiver = new UdpPeer();
        using var sender = new UdpPeer();
        for (var i = 0; i < 100; i++)
        {
            sender.Send($"{i}", receiver.EndPoint);
        }

        Assert.Equal(64, _batch.Receive(Descriptor(receiver.Socket), 0, 64, withLocal: false));
        Assert.Equal("63"u8.ToArray(), _batch.Payload(63).ToArray());
        Assert.Equal(36, _batch.Receive(Descriptor(receiver.Socket), 0, 64, withLocal: false));
        Assert.Equal("64"u8.ToArray(), _batch.Payload(0).ToArray());
        Assert.Equal("99"u8.ToArray(), _batch.Payload(35).ToArray());
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.2")]
    [InlineData("::1")]
    public void TryGetLocal_WildcardSocket_IsTheAddressSentToAndAnswersComeFromIt(string address)
    {
        using var receiver = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp) { DualMode = true };
        receiver.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.PacketInformation, true);
        receiver.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        var to = new IPEndPoint(IPAddress.Parse(address), ((IPEndPoint)receiver.LocalEndPoint!).Port);
        using var client = new UdpPeer(to.AddressFamily == AddressFamily.InterNetworkV6 ? "::1" : "127.0.0.1");
        client.Send("hello", to);

        Assert.Equal(1, _batch.Receive(Descriptor(receiver), 0, 1, withLocal: true));
        Assert.True(_batch.TryGetLocal(0, out var local, out var interfaceIndex));
        Assert.Equal(to.Address.MapToIPv6(), new IPAddress(MemoryMarshal.AsBytes(new ReadOnlySpan<UInt128>(in local))));
        Assert.NotEqual(0, interfaceIndex);

        _batch.ToPeer(0, _batch.Peer(0), local, interfaceIndex);
        var sent = default(DatagramsSent);
        _batch.Send(Descriptor(receiver), 0, 1, ref sent);
        var any = (EndPoint)new IPEndPoint(to.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        Assert.Equal(5, client.Socket.ReceiveFrom(new byte[10], ref any));
        Assert.Equal(to, any);
    }

    [Fact]
    public void TryGetLocal_IPv4Wildcard_IsTheAddressSentToAndAnswersComeFromIt()
    {
        using var receiver = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        receiver.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.PacketInformation, true);
        receiver.Bind(new IPEndPoint(IPAddress.Any, 0));
        var to = new IPEndPoint(IPAddress.Parse("127.0.0.2"), ((IPEndPoint)receiver.LocalEndPoint!).Port);
        using var client = new UdpPeer();
        client.Send("hello", to);

        Assert.Equal(1, _batch.Receive(Descriptor(receiver), 0, 1, withLocal: true));
        Assert.True(_batch.TryGetLocal(0, out var local, out var interfaceIndex));

        _batch.ToPeer(0, _batch.Peer(0), local, interfaceIndex);
        var sent = default(DatagramsSent);
        _batch.Send(Descriptor(receiver), 0, 1, ref sent);
        EndPoint any = new IPEndPoint(IPAddress.Any, 0);
        Assert.Equal(5, client.Socket.ReceiveFrom(new byte[10], ref any));
        Assert.Equal(to, any);
    }

    [Fact]
    public void TryGetLocal_NotAskedFor_IsNotKnown()
    {
        using var receiver = new UdpPeer();
        using var sender = new UdpPeer();
        sender.Send("hello", receiver.EndPoint);
        _batch.Receive(Descriptor(receiver.Socket), 0, 1, withLocal: false);

        Assert.False(_batch.TryGetLocal(0, out _, out _));
    }

    [Fact]
    public void ToPeer_UnconnectedSocket_SendsThere()
    {
        using var sender = new UdpPeer();
        using var one = new UdpPeer();
        using var two = new UdpPeer();
        _batch.Set(0, "1"u8);
        _batch.ToPeer(0, UdpPair.Address(one.EndPoint));
        _batch.Set(1, "2"u8);
        _batch.ToPeer(1, UdpPair.Address(two.EndPoint));

        var sent = default(DatagramsSent);
        _batch.Send(Descriptor(sender.Socket), 0, 2, ref sent);

        Assert.Equal("1"u8.ToArray(), Read(one));
        Assert.Equal("2"u8.ToArray(), Read(two));
    }

    [Fact]
    public void Prepend_ReceivedDatagram_StandsInFrontOfItAlone()
    {
        using var pair = new UdpPair();
        using var receiver = new UdpPeer();
        using var sender = new UdpPeer();
        sender.Send("one", receiver.EndPoint);
        sender.Send("two", receiver.EndPoint);
        Assert.Equal(2, _batch.Receive(Descriptor(receiver.Socket), 0, 2, withLocal: false));
        var head = TestData.Create(DatagramBatch.HeadRoom);

        _batch.Prepend(0, head);

        Assert.Throws<ArgumentOutOfRangeException>(() => _batch.Prepend(1, new byte[DatagramBatch.HeadRoom + 1]));
        _batch.ToConnected(0);
        _batch.ToConnected(1);
        var sent = default(DatagramsSent);
        _batch.Send(pair.Descriptor, 0, 2, ref sent);
        Assert.Equal((byte[])[.. head, .. "one"u8], pair.Received());
        Assert.Equal("two"u8.ToArray(), pair.Received());
    }

    [Fact]
    public void Send_OneIsTooLarge_LeavesThatOneOut()
    {
        using var pair = new UdpPair();
        int[] sizes = [1, 65508, 2, 65508, 65508, 3];
        for (var i = 0; i < sizes.Length; i++)
        {
            _batch.Set(i, new byte[sizes[i]]);
            _batch.ToConnected(i);
        }

        var sent = default(DatagramsSent);
        _batch.Send(pair.Descriptor, 0, sizes.Length, ref sent);

        Assert.Equal((3, false), (sent.Failed, sent.IsUnreachable));
        Assert.Equal(sizes.Select(size => size == 65508), Enumerable.Range(0, sizes.Length).Select(i => sent.HasFailed(i)));
        Assert.Equal([1, 2, 3], Enumerable.Range(0, 3).Select(_ => pair.Received()!.Length));
        Assert.Null(pair.Received());
    }

    [Fact]
    public void Send_NobodyListens_SaysSoAndLosesNothingWhenSomebodyDoes()
    {
        using var pair = new UdpPair();
        var port = pair.Peer.Port;
        pair.Peer.Dispose();
        _batch.Set(0, "lost"u8);
        _batch.ToConnected(0);
        var sent = default(DatagramsSent);
        _batch.Send(pair.Descriptor, 0, 1, ref sent);
        Assert.Equal((0, false), (sent.Failed, sent.IsUnreachable));

        // What became of the first is told to the second, which is sent all the same.
        using var again = new UdpPeer(port: port);
        _batch.Set(0, "found"u8);
        _batch.ToConnected(0);
        sent = default;
        _batch.Send(pair.Descriptor, 0, 1, ref sent);

        Assert.Equal((0, true), (sent.Failed, sent.IsUnreachable));
        Assert.Equal("found"u8.ToArray(), Read(again));
    }

    [Theory]
    [InlineData(1, 64, 1)]
    [InlineData(100, 2, 100)]
    [InlineData(1400, 46, 1400)]
    [InlineData(1200, 30, 7)]
    public void TrySendSegments_EqualDatagrams_ArriveOneByOne(int size, int count, int lastSize)
    {
        Assert.SkipUnless(DatagramBatch.HasSegments, "This kernel has no UDP_SEGMENT.");
        using var pair = new UdpPair();
        for (var i = 0; i < count; i++)
        {
            _batch.Set(i, TestData.Create(i == count - 1 ? lastSize : size, seed: (ulong)i));
            _batch.ToConnected(i);
        }

        var sent = default(DatagramsSent);
        Assert.True(_batch.TrySendSegments(pair.Descriptor, 0, count, ref sent));

        for (var i = 0; i < count; i++)
        {
            Assert.Equal(TestData.Create(i == count - 1 ? lastSize : size, seed: (ulong)i), pair.Received());
        }

        Assert.Null(pair.Received());
    }

    [Fact]
    public void TrySendSegments_NobodyListens_SaysSoAndHasSentNothing()
    {
        Assert.SkipUnless(DatagramBatch.HasSegments, "This kernel has no UDP_SEGMENT.");
        using var pair = new UdpPair();
        pair.Peer.Dispose();
        pair.Socket.Send("lost"u8);
        for (var i = 0; i < 2; i++)
        {
            _batch.Set(i, "ab"u8);
            _batch.ToConnected(i);
        }

        var sent = default(DatagramsSent);
        Assert.False(_batch.TrySendSegments(pair.Descriptor, 0, 2, ref sent));
        Assert.True(sent.IsUnreachable);
    }

    private static int Descriptor(Socket socket) => (int)socket.SafeHandle.DangerousGetHandle();

    private static byte[] Read(UdpPeer peer)
    {
        var buffer = new byte[65536];
        return buffer[..peer.Socket.Receive(buffer)];
    }
}
