using System.IO.Pipelines;
using System.Threading.Tasks;

namespace WmProxy.Connections;

/// <summary>The pipe of a connection, for handlers that are written against <see cref="IDuplexPipe"/>.</summary>
internal sealed class TransportStreamPipe : IDuplexPipe
{
    private static readonly StreamPipeReaderOptions ReaderOptions = new(leaveOpen: true, useZeroByteReads: true);
    private static readonly StreamPipeWriterOptions WriterOptions = new(leaveOpen: true);

    public TransportStreamPipe(TransportStream stream)
    {
        Input = PipeReader.Create(stream, ReaderOptions);
        Output = PipeWriter.Create(stream, WriterOptions);
    }

    public PipeReader Input { get; }

    public PipeWriter Output { get; }

    public async ValueTask CompleteAsync()
    {
        await Input.CompleteAsync();
        await Output.CompleteAsync();
    }
}
