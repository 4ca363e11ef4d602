using System;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using WmProxy.Diagnostics;

namespace WmProxy.StaticFiles;

/// <summary>Answers requests from one folder.</summary>
internal sealed partial class StaticFilesHandler(StaticFilesModel model, TimeProvider timeProvider, ILogger<StaticFilesHandler> logger)
{
    private static readonly bool Windows = OperatingSystem.IsWindows();

    private static readonly TimeSpan WarningInterval = TimeSpan.FromSeconds(10);

    private readonly FileSender _sender = new(model, timeProvider);
    private long _lastWarning;

    public async Task InvokeAsync(HttpContext context)
    {
        model.Fields.ApplyTo(context.Response.Headers);
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            context.Response.Headers.Allow = "GET, HEAD";
            return;
        }

        using var tree = FileTree.Open(model.Root);
        if (tree is null)
        {
            WarnUnavailable(model.Root);
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return;
        }

        var status = await TryPathsAsync(context, tree, GetPath(context.Request));
        if (status == StatusCodes.Status404NotFound && model.NotFoundFile is { } notFoundFile)
        {
            using var file = tree.Find(notFoundFile.Value);
            if (await _sender.SendNotFoundAsync(context, notFoundFile.Value, file))
            {
                return;
            }
        }

        if (status is { } failure)
        {
            context.Response.StatusCode = failure;
        }
    }

    private string GetPath(HttpRequest request)
    {
        // A path outside the prefix is taken as it is, as YARP's PathRemovePrefix does.
        return model.Prefix.HasValue && request.Path.StartsWithSegments(model.Prefix, StringComparison.OrdinalIgnoreCase, out var rest)
            ? rest.Value ?? ""
            : request.Path.Value ?? "";
    }

    // Gives the status to fail with, or null when the answer is given.
    private async ValueTask<int?> TryPathsAsync(HttpContext context, FileTree tree, string path)
    {
        // Judged before any template wraps it: "/index.html" at the list's end is no answer to an attack.
        if (!RelativePath.TryParse(path, Windows, out _))
        {
            return StatusCodes.Status404NotFound;
        }

        foreach (var tryPath in model.TryPaths)
        {
            if (tryPath.StatusCode is { } status)
            {
                return status;
            }

            if (!RelativePath.TryParse(tryPath.Expand(path), Windows, out var candidate) || model.Hide.Hides(candidate))
            {
                continue;
            }

            using var found = tree.Find(candidate.Value);
            var outcome = found.Status switch
            {
                FileLookupStatus.File when !candidate.IsFolder => await _sender.SendAsync(context, tree, candidate.Value, found),
                FileLookupStatus.Folder => await SendFolderAsync(context, tree, candidate, found, tryPath.IsRequested),
                FileLookupStatus.File => FileLookupStatus.NotFound,
                _ => found.Status,
            };
            if (outcome == FileLookupStatus.File)
            {
                return null;
            }

            if (outcome == FileLookupStatus.Unavailable)
            {
                WarnUnavailable(candidate.Value);
                return StatusCodes.Status503ServiceUnavailable;
            }

            if (outcome == FileLookupStatus.Refused)
            {
                Log.FileRefused(logger, candidate.Value);
            }
        }

        return StatusCodes.Status404NotFound;
    }

    // The result is that of the file that stands for the folder; File when there is an answer.
    private async ValueTask<FileLookupStatus> SendFolderAsync(HttpContext context, FileTree tree, RelativePath folder, FileLookup found, bool isRequested)
    {
        foreach (var name in model.IndexFiles)
        {
            var path = folder.Value.Length == 0 ? name : $"{folder.Value}/{name}";
            using var file = model.Hide.Hides(name) ? FileLookup.NotFound : tree.Find(path);
            if (file.Status is FileLookupStatus.Unavailable)
            {
                return file.Status;
            }

            if (file.Status is not FileLookupStatus.File)
            {
                continue;
            }

            if (isRequested && RedirectToFolder(context))
            {
                return FileLookupStatus.File;
            }

            var outcome = await _sender.SendAsync(context, tree, path, file);
            if (outcome is FileLookupStatus.File or FileLookupStatus.Unavailable)
            {
                return outcome;
            }
        }

        if (!model.Browse || !isRequested)
        {
            return FileLookupStatus.NotFound;
        }

        if (!RedirectToFolder(context))
        {
            await FolderListing.Read(tree, folder, found, model.Hide).SendAsync(context);
        }

        return FileLookupStatus.File;
    }

    // Without the slash, the relative links of a folder's page would lead beside it.
    private static bool RedirectToFolder(HttpContext context)
    {
        var path = context.Request.PathBase.Add(context.Request.Path).ToUriComponent();
        if (path.EndsWith('/'))
        {
            return false;
        }

        // "//host" would be another server's URL. Such a path is no path of ours by now, but PathBase is not from us.
        context.Response.StatusCode = StatusCodes.Status301MovedPermanently;
        context.Response.Headers.Location = $"/{path.TrimStart('/', '\\')}/{context.Request.QueryString.ToUriComponent()}";
        return true;
    }

    // What fails here fails for every request until it is mended; one line now and then tells as much.
    private void WarnUnavailable(string path)
    {
        var now = timeProvider.GetTimestamp();
        var last = Interlocked.Read(ref _lastWarning);
        var isDue = last == 0 || timeProvider.GetElapsedTime(last, now) >= WarningInterval;
        if (isDue && Interlocked.CompareExchange(ref _lastWarning, now, last) == last)
        {
            Log.FileUnavailable(logger, path);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventIds.FileRefused, LogLevel.Debug, "'{path}' is not served: it leads out of the root, is no regular file or may not be read.", EventName = nameof(FileRefused))]
        public static partial void FileRefused(ILogger logger, string path);

        [LoggerMessage(EventIds.FileUnavailable, LogLevel.Warning, "'{path}' cannot be looked at now: the folder is gone, descriptors have run out, or the disk fails.", EventName = nameof(FileUnavailable))]
        public static partial void FileUnavailable(ILogger logger, string path);
    }
}
