using System.IO.Pipelines;

namespace WmProxy.Connections;

/// <summary>Two pipes as one.</summary>
internal sealed class DuplexPipe(PipeReader input, PipeWriter output) : IDuplexPipe
{
    public PipeReader Input { get; } = input;

    public PipeWriter Output { get; } = output;
}
