using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Threading.Tasks;
using Microsoft.Win32.SafeHandles;
using WmProxy.Native;
using WmProxy.Relay;
using WmProxy.Tests.Common;

namespace WmProxy.Tests.Native;

[SupportedOSPlatform("linux")]
public sealed class LinuxSocketTests
{
    private const int BadDescriptor = 9; // EBADF
    private const int NotSocket = 88; // ENOTSOCK
    private const int NoSuchOption = 92; // ENOPROTOOPT
    private const int NoSuchFamily = 97; // EAFNOSUPPORT
    private const int NotConnected = 107; // ENOTCONN
    private const int Stream = 1; // SOCK_STREAM
    private const int NonBlockingFlag = 0x800; // O_NONBLOCK
    private const int CloseOnExecFlag = 0x80000; // O_CLOEXEC

    [Theory]
    [InlineData(1)]
    [InlineData(SocketAddressBytes.IPv4Family)]
    [InlineData(SocketAddressBytes.IPv6Family)]
    public void Open_AnyFamily_BlocksNothingAndIsNotInherited(int family)
    {
        var descriptor = LinuxSocket.Open(family, Stream);
        try
        {
            AssertFlags(descriptor);
        }
        finally
        {
            Assert.Equal(0, LinuxSocket.Close(descriptor));
        }
    }

    [Fact]
    public async Task Accept_Connection_GivesItsAddressAndASocketThatBlocksNothing()
    {
        using var listener = Listen();
        Assert.Equal(-Libc.Eagain, LinuxSocket.Accept(listener.SafeHandle, new byte[SocketAddressBytes.MaxLength], out _));
        using var peer = await RawClient.ConnectAsync(listener.LocalEndPoint!);
        var address = new byte[SocketAddressBytes.MaxLength];
        var accepted = LinuxSocket.Accept(listener.SafeHandle, address, out var length);
        try
        {
            AssertFlags(accepted);
            Assert.Equal(peer.LocalEndPoint, SocketAddressBytes.ToEndPoint(address.AsSpan(0, length)));
            length = LinuxSocket.GetLocalAddress(accepted, address);
            Assert.Equal(peer.RemoteEndPoint, SocketAddressBytes.ToEndPoint(address.AsSpan(0, length)));
        }
        finally
        {
            Assert.Equal(0, LinuxSocket.Close(accepted));
        }
    }

    [Fact]
    public async Task Receive_InEveryState_TellsThemApart()
    {
        using var pair = await ConnectAsync();
        var buffer = new byte[10];
        Assert.Equal(-Libc.Eagain, LinuxSocket.Receive(pair.Descriptor, buffer));
        Assert.Equal(-Libc.Eagain, LinuxSocket.Peek(pair.Descriptor));

        await pair.Peer.SendAsync("abc");
        await Deadline.PollAsync(() => Task.FromResult(LinuxSocket.Peek(pair.Descriptor) == 1));
        Assert.Equal(3, LinuxSocket.Receive(pair.Descriptor, buffer));
        Assert.Equal("abc"u8.ToArray(), buffer[..3]);

        pair.Peer.HalfClose();
        await Deadline.PollAsync(() => Task.FromResult(LinuxSocket.Peek(pair.Descriptor) == 0));
        Assert.Equal(0, LinuxSocket.Receive(pair.Descriptor, buffer));
    }

    [Fact]
    public async Task TakeError_AfterAReset_GivesItOnce()
    {
        using var pair = await ConnectAsync();
        Assert.Equal(0, LinuxSocket.TakeError(pair.Descriptor));
        pair.Peer.Reset();

        await Deadline.PollAsync(() => Task.FromResult(LinuxSocket.TakeError(pair.Descriptor) == -LinuxSocket.Econnreset));
        Assert.Equal(0, LinuxSocket.TakeError(pair.Descriptor));
        Assert.Equal(-LinuxSocket.Epipe, LinuxSocket.Send(pair.Descriptor, "x"u8));
        Assert.Equal(0, LinuxSocket.Receive(pair.Descriptor, new byte[1]));
    }

    [Fact]
    public async Task Send_BufferIsFull_TakesAPartAndThenNothing()
    {
        using var pair = await ConnectAsync();
        var chunk = new byte[64 * 1024];
        int sent;
        while ((sent = LinuxSocket.Send(pair.Descriptor, chunk)) > 0)
        {
        }

        Assert.Equal(-Libc.Eagain, sent);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Close_AfterSend_EndsOrResets(bool isReset)
    {
        using var pair = await ConnectAsync();
        Assert.Equal(3, LinuxSocket.Send(pair.Descriptor, "abc"u8));
        Assert.Equal("abc"u8.ToArray(), await pair.Peer.ReadExactlyAsync(3));
        if (isReset)
        {
            Assert.Equal(0, LinuxSocket.SetResetOnClose(pair.Descriptor));
        }

        pair.Close();

        Assert.Equal(isReset ? ReadEnd.Reset : ReadEnd.Fin, (await pair.Peer.ReadToEndAsync()).End);
    }

    [Fact]
    public async Task Splice_ThroughAPipe_MovesBytesAndTellsPauseAndRoom()
    {
        using var source = await ConnectAsync();
        using var target = await ConnectAsync();
        using var pipe = SplicePipe.TryCreate()!;
        Assert.Equal(-Libc.Eagain, LinuxSocket.SpliceIn(source.Descriptor, pipe.WriteEnd, 100));
        Assert.Equal(-Libc.Eagain, LinuxSocket.SpliceOut(pipe.ReadEnd, target.Descriptor, 100));

        await source.Peer.SendAsync("abcdef");
        await Deadline.PollAsync(() => Task.FromResult(LinuxSocket.Peek(source.Descriptor) == 1));
        Assert.Equal(6, LinuxSocket.SpliceIn(source.Descriptor, pipe.WriteEnd, 100));
        Assert.Equal(4, LinuxSocket.SpliceOut(pipe.ReadEnd, target.Descriptor, 4));
        Assert.Equal(2, LinuxSocket.SpliceOut(pipe.ReadEnd, target.Descriptor, 2));
        Assert.Equal("abcdef"u8.ToArray(), await target.Peer.ReadExactlyAsync(6));

        target.Peer.Reset();
        await Deadline.PollAsync(() => Task.FromResult(LinuxSocket.TakeError(target.Descriptor) != 0));
        await source.Peer.SendAsync("x");
        await Deadline.PollAsync(() => Task.FromResult(LinuxSocket.Peek(source.Descriptor) == 1));
        Assert.Equal(1, LinuxSocket.SpliceIn(source.Descriptor, pipe.WriteEnd, 100));
        Assert.Equal(-LinuxSocket.Epipe, LinuxSocket.SpliceOut(pipe.ReadEnd, target.Descriptor, 1));
    }

    [Fact]
    public void Calls_ThatFail_GiveTheErrno()
    {
        Assert.Equal(-NoSuchFamily, LinuxSocket.Open(99, Stream));
        Assert.Equal(-BadDescriptor, LinuxSocket.Close(-1));
        Assert.Equal(-BadDescriptor, LinuxSocket.Receive(-1, new byte[1]));
        Assert.Equal(-BadDescriptor, LinuxSocket.Peek(-1));
        Assert.Equal(-BadDescriptor, LinuxSocket.Send(-1, new byte[1]));
        Assert.Equal(-BadDescriptor, LinuxSocket.Connect(-1, new byte[16]));
        Assert.Equal(-BadDescriptor, LinuxSocket.ShutdownSend(-1));
        Assert.Equal(-BadDescriptor, LinuxSocket.SetOption(-1, LinuxSocket.TcpLevel, LinuxSocket.NoDelayOption, 1));
        Assert.Equal(-BadDescriptor, LinuxSocket.SetResetOnClose(-1));
        Assert.Equal(-BadDescriptor, LinuxSocket.TakeError(-1));
        Assert.Equal(-BadDescriptor, LinuxSocket.GetOption(-1, LinuxSocket.TcpLevel, TcpInfo.Option, new byte[1]));
        Assert.Equal(-BadDescriptor, LinuxSocket.GetLocalAddress(-1, new byte[16]));
        using var file = File.OpenHandle("/dev/null");
        Assert.Equal(-NotSocket, LinuxSocket.Accept(file, new byte[16], out _));
        using var pipe = SplicePipe.TryCreate()!;
        Assert.Equal(-BadDescriptor, LinuxSocket.SpliceIn(-1, pipe.WriteEnd, 1));
        Assert.Equal(-BadDescriptor, LinuxSocket.SpliceOut(pipe.ReadEnd, -1, 1));

        var socket = LinuxSocket.Open(SocketAddressBytes.IPv4Family, Stream);
        Assert.Equal(-NotConnected, LinuxSocket.ShutdownSend(socket));
        Assert.Equal(-NoSuchOption, LinuxSocket.SetOption(socket, LinuxSocket.TcpLevel, 9999, 1));
        Assert.Equal(0, LinuxSocket.Close(socket));
    }

    [Fact]
    public void SplicePipe_Created_BlocksNothingAndIsNotInherited()
    {
        using var pipe = SplicePipe.TryCreate()!;

        AssertFlags((int)pipe.ReadEnd.DangerousGetHandle());
        AssertFlags((int)pipe.WriteEnd.DangerousGetHandle());
    }

    // proc(5), /proc/pid/fdinfo: the flags are octal.
    private static void AssertFlags(int descriptor)
    {
        Assert.InRange(descriptor, 0, int.MaxValue);
        var line = File.ReadLines($"/proc/self/fdinfo/{descriptor.ToString(CultureInfo.InvariantCulture)}").First(line => line.StartsWith("flags:", StringComparison.Ordinal));
        var flags = Convert.ToInt32(line["flags:".Length..].Trim(), 8);
        Assert.Equal(NonBlockingFlag | CloseOnExecFlag, flags & (NonBlockingFlag | CloseOnExecFlag));
    }

    private static Socket Listen()
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(8);
        return listener;
    }

    private static async Task<Pair> ConnectAsync()
    {
        using var listener = Listen();
        var peer = await RawClient.ConnectAsync(listener.LocalEndPoint!);
        return new Pair(peer, LinuxSocket.Accept(listener.SafeHandle, new byte[SocketAddressBytes.MaxLength], out _));
    }

    /// <summary>A descriptor and who is at the other end.</summary>
    private sealed class Pair : IDisposable
    {
        private readonly SafeFileHandle _handle;

        public Pair(RawConnection peer, int descriptor) => (Peer, _handle) = (peer, new SafeFileHandle(descriptor, ownsHandle: true));

        public RawConnection Peer { get; }

        public int Descriptor => (int)_handle.DangerousGetHandle();

        public void Close() => _handle.Dispose();

        public void Dispose()
        {
            Close();
            Peer.Dispose();
        }
    }
}
