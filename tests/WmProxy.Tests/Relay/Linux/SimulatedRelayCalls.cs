using System;
using System.Runtime.Versioning;
using WmProxy.Relay.Linux;

namespace WmProxy.Tests.Relay.Linux;

/// <summary>The calls of a relay, answered by a <see cref="SimulatedKernel"/>.</summary>
[SupportedOSPlatform("linux")]
internal readonly struct SimulatedRelayCalls : IRelayCalls<SimulatedPipe>
{
    private readonly SimulatedKernel _kernel;

    public SimulatedRelayCalls(SimulatedKernel kernel) => _kernel = kernel;

    public int Receive(int socket, Span<byte> buffer) => _kernel.Call(socket).Receive(buffer);

    public int Send(int socket, ReadOnlySpan<byte> bytes) => _kernel.Call(socket).Send(bytes);

    public int SendLast(int socket, ReadOnlySpan<byte> bytes) => _kernel.Call(socket).SendLast(bytes);

    public int SpliceIn(int socket, SimulatedPipe pipe) => _kernel.Call(socket).SpliceIn(pipe);

    public int SpliceOut(SimulatedPipe pipe, int socket, int count)
    {
        Assert.Equal(pipe.Count, count);
        return _kernel.Call(socket).SpliceOut(pipe);
    }

    public int ShutdownSend(int socket) => _kernel.Call(socket).ShutdownSend();

    public SimulatedPipe? RentPipe() => _kernel.RentPipe();

    public void ReturnPipe(SimulatedPipe pipe, int pending) => _kernel.ReturnPipe(pipe, pending);
}
