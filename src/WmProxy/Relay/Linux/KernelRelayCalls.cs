using System;
using System.Runtime.Versioning;
using WmProxy.Native;

namespace WmProxy.Relay.Linux;

/// <summary>The system itself, on the thread of a loop.</summary>
[SupportedOSPlatform("linux")]
internal readonly struct KernelRelayCalls : IRelayCalls<SplicePipe>
{
    private readonly SplicePipePool _pipes;

    public KernelRelayCalls(EventLoop loop) => _pipes = loop.Pipes;

    public int Receive(int socket, Span<byte> buffer) => LinuxSocket.Receive(socket, buffer);

    public int Send(int socket, ReadOnlySpan<byte> bytes) => LinuxSocket.Send(socket, bytes);

    public int SendLast(int socket, ReadOnlySpan<byte> bytes) => LinuxSocket.Send(socket, bytes, isMoreToCome: true);

    public int SpliceIn(int socket, SplicePipe pipe) => LinuxSocket.SpliceIn(socket, pipe.WriteEnd, SplicePipe.Capacity);

    public int SpliceOut(SplicePipe pipe, int socket, int count) => LinuxSocket.SpliceOut(pipe.ReadEnd, socket, count);

    public int ShutdownSend(int socket) => LinuxSocket.ShutdownSend(socket);

    public SplicePipe? RentPipe() => _pipes.TryRent();

    public void ReturnPipe(SplicePipe pipe, int pending)
    {
        pipe.Pending = pending;
        _pipes.Return(pipe);
    }
}
