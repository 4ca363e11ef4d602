using System;
using System.Collections.Generic;
using System.Runtime.Versioning;

namespace WmProxy.Relay.Linux;

/// <summary>Kernel pipes that wait for the next bulk transfer of their thread. Not for use from several threads.</summary>
[SupportedOSPlatform("linux")]
internal sealed class SplicePipePool : IDisposable
{
    private const int MaxPooled = 64;

    private readonly Stack<SplicePipe> _pipes = new();

    /// <summary>A pipe from the pool or a new one; <see langword="null"/> when there are no descriptors left for one.</summary>
    public SplicePipe? TryRent() => _pipes.TryPop(out var pipe) ? pipe : SplicePipe.TryCreate();

    /// <summary>Takes a pipe back; one with bytes in it, or one too many, is closed.</summary>
    public void Return(SplicePipe pipe)
    {
        if (pipe.Pending == 0 && _pipes.Count < MaxPooled)
        {
            _pipes.Push(pipe);
        }
        else
        {
            pipe.Dispose();
        }
    }

    public void Dispose()
    {
        while (_pipes.TryPop(out var pipe))
        {
            pipe.Dispose();
        }
    }
}
